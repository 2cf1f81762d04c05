"""Two runs beside one another: their verdicts, checks and steps as rows. No judgement of the change.

Two runs are two draws from a noisy machine: what differs may be the hour. `seatrial compare` will judge interleaved windows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.figures import figure
from seatrial.report import wording
from seatrial.report.summary import markdown_table

Document = Mapping[str, Any]
PERCENTILES = ("p50", "p95", "p99", "p999")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check in both runs: verdict and what was found; empty where a run lacks it."""

    name: str
    verdicts: tuple[str, str]
    found: tuple[str, str]

    @property
    def differs(self) -> bool:
        """Whether the verdicts are not the same."""
        return self.verdicts[0] != self.verdicts[1]


def check_rows(first: Document, second: Document) -> list[CheckRow]:
    """All checks of either run; those whose verdicts differ come first."""
    found = [{check["name"]: check for check in document["checks"]} for document in (first, second)]
    names = list(dict.fromkeys(name for checks in found for name in checks))
    rows = [CheckRow(name, *zip(*(_told(checks.get(name)) for checks in found), strict=True)) for name in names]
    return sorted(rows, key=lambda row: not row.differs)


def _told(check: Mapping[str, Any] | None) -> tuple[str, str]:
    if check is None:
        return "", ""
    name, value, interval, _, _ = wording.row(check)
    measured = f"{value} ({interval})" if interval else value
    return check["verdict"], measured if check in wording.measured({"checks": [check]}) and name else check["reason"]


def figure_rows(first: Document, second: Document) -> list[tuple[str, str, str, str]]:
    """What was asked, what came of it, and the second as a ratio to the first."""
    rows = [
        ("offered, journeys/s", *(document["offered"]["rate"] for document in (first, second)), ""),
        ("requests", first["requests"], second["requests"], ""),
        ("failed requests", first["failures"], second["failures"], ""),
        *(
            (f"latency {name}", *(each["latency_seconds"][name] for each in (first, second)), "s")
            for name in PERCENTILES
        ),
        ("dispatch lag p99", *(document["load"]["lag_p99_seconds"] for document in (first, second)), "s"),
    ]
    return [
        (name, figure(before, unit), figure(after, unit), ratio(before, after)) for name, before, after, unit in rows
    ]


def service_rows(first: Document, second: Document) -> list[tuple[str, str, str, str]]:
    """Cores per service."""
    cores = [{each["name"]: each["cpu"] for each in document["services"]} for document in (first, second)]
    names = list(dict.fromkeys(name for each in cores for name in each))
    pairs = [(name, cores[0].get(name), cores[1].get(name)) for name in names]
    return [
        (name, figure(before, "cores"), figure(after, "cores"), ratio(before, after)) for name, before, after in pairs
    ]


def step_rows(first: Sequence[Document], second: Sequence[Document]) -> list[tuple[str, str, str, str]]:
    """The 95th percentile of each step."""
    steps = [{each["step"]: each["p95"] for each in rows} for rows in (first, second)]
    names = sorted({*steps[0], *steps[1]})
    pairs = [(name, steps[0].get(name), steps[1].get(name)) for name in names]
    return [(name, figure(before, "s"), figure(after, "s"), ratio(before, after)) for name, before, after in pairs]


def ratio(before: float | None, after: float | None) -> str:
    """As `x 1.25`; empty where one is not known or the first is 0."""
    return f"x {after / before:.2f}" if before and after is not None else ""


def side_by_side_markdown(first: Document, second: Document) -> str:
    """The same for a terminal or a pull request."""
    parts = [
        f"## {first['run']} and {second['run']}",
        markdown_table(("", first["run"], second["run"], "ratio"), figure_rows(first, second)),
    ]
    rows = [(row.name, *row.verdicts) for row in check_rows(first, second)]
    parts.append(
        markdown_table(
            ("check", first["run"], second["run"]), [("verdict", first["verdict"], second["verdict"]), *rows]
        )
    )
    return "\n\n".join(parts) + "\n"

"""The rows that the load generator left: from CSV to Parquet, and as arrays for the judge.

Owns columns and types. Leaves every judgement to seatrial.checks.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.checks.inputs import ClientRow, Generator, RequestKey, StepSamples
from seatrial.load.errors import NoSamples
from seatrial.load.profile import ALL, Profile

REQUESTS = {
    **dict.fromkeys(("stage", "journey", "step", "method", "route"), "VARCHAR"),
    **dict.fromkeys(("intended_start", "start", "duration"), "DOUBLE"),
    "status": "INTEGER",
    "outcome": "VARCHAR",
    "bytes": "BIGINT",
    **dict.fromkeys(("trace_id", "span_id", "key", "ref", "error"), "VARCHAR"),
}
JOURNEYS = {
    **dict.fromkeys(("stage", "journey"), "VARCHAR"),
    **dict.fromkeys(("scheduled", "started", "finished"), "DOUBLE"),
    "outcome": "VARCHAR",
}
ASTRAY_SIGMAS = 5.0
_KINDS = {"requests": (REQUESTS, "intended_start"), "journeys": (JOURNEYS, "scheduled")}
Columns = Mapping[str, NDArray[Any]]


def to_parquet(folder: Path) -> None:
    """Gather the CSV files of all processes into requests.parquet and journeys.parquet, oldest row first.

    Raises NoSamples when there is no file or one cannot be read whole.
    """
    import duckdb

    for kind, (columns, order) in _KINDS.items():
        files = sorted(str(path) for path in folder.glob(f"{kind}-*.csv"))
        if not files:
            raise NoSamples(f"{folder} holds no {kind}-*.csv: the load generator wrote nothing. See its log.")
        partial = folder / f".{kind}.parquet.partial"
        try:
            with duckdb.connect() as database:
                # DuckDB's stubs know one file only.
                rows = database.read_csv(files, header=True, columns=columns, delimiter=",", quotechar='"')  # type: ignore[arg-type]
                rows.order(order).write_parquet(str(partial))
        except duckdb.Error as error:
            raise NoSamples(f"the {kind} in {folder} cannot be read: {error}") from error
        partial.replace(folder / f"{kind}.parquet")


@dataclass(frozen=True)
class Samples:
    """All rows of a load. In `requests`, status 0 means that no answer came; in `journeys`, NaN that it never began."""

    requests: Columns
    journeys: Columns
    accounts: tuple[Mapping[str, Any], ...]
    profile: Profile

    @cached_property
    def latency_seconds(self) -> NDArray[np.float64]:
        """Per request, from the intended start to the end."""
        rows = self.requests
        latency: NDArray[np.float64] = rows["start"] + rows["duration"] - rows["intended_start"]
        return latency

    @property
    def started_at(self) -> float:
        """When arrivals began, in epoch seconds: that of the first process."""
        return min(float(account["started_at"]) for account in self.accounts)

    def failures(self) -> int:
        """How many requests did not end well."""
        return int((self.requests["outcome"] != "ok").sum())

    def steps(self) -> list[str]:
        """The steps that were asked, in alphabetical order."""
        return sorted(set(self.requests["step"].tolist()))

    def judged(self, step: str = ALL) -> StepSamples:
        """The requests of `step`, or of all, whose intended start lies in a judged stage."""
        rows = self.requests
        chosen = np.isin(rows["stage"], list(self.profile.judged()))
        if step != ALL:
            chosen &= rows["step"] == step
        began = self.started_at + min(self.profile.judged_seconds(), default=0)
        window = np.floor(rows["intended_start"][chosen] - began).astype(np.int64)
        return StepSamples(step, self.latency_seconds[chosen], window, rows["outcome"][chosen] == "ok")

    def client_rows(self) -> list[ClientRow]:
        """Every request that may have reached the target; those that never left are not among them."""
        rows = self.requests
        sent = ~np.char.startswith(rows["error"].astype(str), "not sent:")
        names = ("trace_id", "span_id", "method", "route", "status", "outcome", "step", "start", "duration")
        columns = (rows[name][sent].tolist() for name in names)
        return [
            ClientRow(trace, span, RequestKey(method, route, str(status or "")), *rest)
            for trace, span, method, route, status, *rest in zip(*columns, strict=True)
        ]

    def counts(self) -> Counter[RequestKey]:
        """Requests per method, route and status over the whole run, as `client_rows` has them."""
        return Counter(row.key for row in self.client_rows())

    def lag_seconds(self, stages: Collection[str] | None = None) -> NDArray[np.float64]:
        """From scheduled to started, per journey that began; of `stages`, by default the judged ones."""
        rows = self.journeys
        chosen = np.isin(rows["stage"], list(self.profile.judged() if stages is None else stages))
        lag: NDArray[np.float64] = (rows["started"] - rows["scheduled"])[chosen]
        return lag[~np.isnan(lag)]

    def notable(self, most: int) -> list[dict[str, Any]]:
        """The slowest requests and those that failed, `most` of each, as their rows with `why` and `latency`.

        Of failures one of each kind (step, status, error) comes first.
        """
        rows = self.requests
        failed = np.flatnonzero(rows["outcome"] != "ok")
        _, first = np.unique(
            [f"{rows['step'][at]} {rows['status'][at]} {rows['error'][at]}" for at in failed], return_index=True
        )
        kinds = failed[np.sort(first)] if failed.size else failed
        chosen = [*kinds, *(at for at in failed if at not in set(kinds))][:most]
        slow = [at for at in np.argsort(-self.latency_seconds, kind="stable")[: 2 * most] if at not in set(chosen)][
            :most
        ]
        return [self._row(at, why) for why, places in (("failed", chosen), ("slow", slow)) for at in places]

    def _row(self, at: int, why: str) -> dict[str, Any]:
        row = {
            name: column[at].item() if hasattr(column[at], "item") else column[at]
            for name, column in self.requests.items()
        }
        return {"why": why, "latency": float(self.latency_seconds[at]), **row}

    def generator(self) -> Generator:
        """What the processes say of themselves, summed; a bound or maximum is that of the process nearest to it."""
        fullest = max(self.accounts, key=lambda account: account["in_flight_max"] / max(account["in_flight_bound"], 1))
        total = {name: sum(account[name] for account in self.accounts) for name in _SUMMED}
        return Generator(
            in_flight_max=fullest["in_flight_max"],
            in_flight_bound=fullest["in_flight_bound"],
            wall_seconds=max(float(account["wall_seconds"]) for account in self.accounts),
            lag_seconds=self.lag_seconds(),
            **total,
        )

    def resident_bytes(self) -> float | None:
        """The most memory that each process held, summed; None when one does not tell."""
        told = [account["rss_bytes"] for account in self.accounts if "rss_bytes" in account]
        return float(sum(told)) if len(told) == len(self.accounts) else None

    def drained(self) -> bool:
        """Whether every process closed its files in order; one that was killed did not."""
        return all(account["drained"] for account in self.accounts)

    def journey_errors(self) -> list[str]:
        """Faults of the journey functions themselves: the load was not the one that was meant."""
        return [error for account in self.accounts for error in account["journey_errors"]]

    def arrivals_astray(self) -> str:
        """Why the arrivals drawn cannot be those of the profile; empty when they can.

        A Poisson count lies within 5 deviations of its mean in all but one of a million runs.
        """
        expected, drawn = sum(self.profile.rates()), sum(account["planned"] for account in self.accounts)
        if abs(drawn - expected) <= ASTRAY_SIGMAS * math.sqrt(max(expected, 1)):
            return ""
        return f"{drawn} arrivals were drawn where the profile asks for about {expected}"

    def expected_services(self) -> dict[str, tuple[str, ...]]:
        """Step to the services that its 2xx answers must have touched."""
        return {
            step: tuple(services)
            for account in self.accounts
            for step, services in account["expected_services"].items()
        }

    def right_statuses(self) -> dict[str, frozenset[str]]:
        """Step to the statuses that are right answers to it, as text; empty for an account that does not tell."""
        return {
            step: frozenset(map(str, statuses))
            for account in self.accounts
            for step, statuses in account.get("right_statuses", {}).items()
        }


_SUMMED = ("planned", "started", "shed", "unfinished", "cpu_seconds")


def read_samples(folder: Path, profile: Profile) -> Samples:
    """Read what `to_parquet` wrote, and the generator's accounts. Raises NoSamples."""
    accounts = tuple(json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("generator-*.json")))
    if not accounts:
        raise NoSamples(f"{folder} holds no generator-*.json: the load generator did not live for a second.")
    return Samples(_columns(folder / "requests.parquet"), _columns(folder / "journeys.parquet"), accounts, profile)


def _columns(file: Path) -> dict[str, NDArray[Any]]:
    import duckdb

    if not file.is_file():
        raise NoSamples(f"{file} does not exist. Gather the CSV files first.")
    with duckdb.connect() as database:
        fetched = database.read_parquet(str(file)).fetchnumpy()
    return {name: _filled(column) for name, column in fetched.items()}


def _filled(column: Any) -> NDArray[Any]:
    """DuckDB masks nulls: text becomes empty, times NaN, a status 0."""
    if not np.ma.isMaskedArray(column):
        return np.asarray(column)
    empty: Any = {"f": np.nan, "O": ""}.get(column.dtype.kind, 0)
    return np.asarray(column.filled(empty))

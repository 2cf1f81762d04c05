"""What every renderer says in the same words: the headline, the reasons, what was not checked. From verdict.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.checks.figures import figure

NAMED = 3
LOUD = ("FAIL", "INCONCLUSIVE")
MEASURES = frozenset({"s", "ratio", "1/s"})


def headline(document: Mapping[str, Any]) -> str:
    """One sentence: the verdict first, then what decided it."""
    checks = document["checks"]
    total = len(checks)
    deciding = [check["name"] for check in checks if check["verdict"] == document["verdict"]]
    if not checks:
        return "INCONCLUSIVE: nothing was checked"
    if document["verdict"] == "PASS":
        return f"PASS: all {total} checks passed"
    named = ", ".join(deciding[:NAMED]) + (f" and {len(deciding) - NAMED} more" if len(deciding) > NAMED else "")
    said = "failed" if document["verdict"] == "FAIL" else "could not be decided"
    return f"{document['verdict']}: {len(deciding)} of {total} checks {said}: {named}"


def facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A few lines about the run, by what each is about; with what was not checked, so that nobody misses it."""
    offered, load, latency = document["offered"], document["load"], document["latency_seconds"]
    shown = [f"{name} {figure(latency[name], 's')}" for name in latency if latency[name] is not None]
    lag = figure(load["lag_p99_seconds"], "s")
    lines = [
        ("load", f"{offered['rate']:g} journeys/s offered, {figure(offered['journeys'])} journeys planned"),
        ("requests", f"{figure(document['requests'])} sent, {figure(document['failures'])} failed"),
        ("latency", ", ".join(shown) or "too few judged requests"),
        ("generator", f"dispatch lag p99 {lag}" if lag else "left no account of itself"),
    ]
    if document["nearest"]:
        lines.append(("nearest limit", document["nearest"]["reason"]))
    if document["measuring"]:
        lines.append(("measuring", "; ".join(map(_cost, document["measuring"]))))
    if document["populated"]:
        lines.append(("populated", listed(document["populated"])))
    return lines + [("not checked", each) for each in not_checked(document)]


def _cost(cost: Mapping[str, Any]) -> str:
    figures = [figure(cost["cpu"], "cores"), figure(cost["rss_bytes"], "bytes")]
    return f"{cost['name']} {', '.join(each for each in figures if each) or 'not known'}"


def listed(populated: Mapping[str, int | str]) -> str:
    """What the populate hook made: 200 customers, password_hash argon2id."""
    return ", ".join(
        f"{name} {value}" if isinstance(value, str) else f"{value} {name}" for name, value in populated.items()
    )


def measured(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks that hold a figure against a limit: a table shows them best."""
    return [check for check in document["checks"] if _is_measured(check)]


def stated(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The others: their reason says what was found, also when they passed."""
    return [check for check in document["checks"] if not _is_measured(check)]


def _is_measured(check: Mapping[str, Any]) -> bool:
    return check["unit"] in MEASURES and check["limit"] is not None


def row(check: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Name, figure, interval, limit and samples of a measured check."""
    unit = check["unit"]
    both = check["low"] is not None and check["high"] is not None
    interval = f"{figure(check['low'], unit)} to {figure(check['high'], unit)}" if both else ""
    limit = f"{'>=' if unit == '1/s' else '<='} {figure(check['limit'], unit)}"
    return check["name"], figure(check["value"], unit), interval, limit, figure(check["samples"])


def reasons(document: Mapping[str, Any]) -> list[tuple[str, list[str], str]]:
    """Verdict, checks and reason of the measured checks that did not pass; checks of one reason stand together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for check in loud(document):
        if _is_measured(check):
            grouped.setdefault((check["verdict"], check["reason"]), []).append(check["name"])
    return [(verdict, names, reason) for (verdict, reason), names in grouped.items()]


def loud(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks that did not pass, failures first."""
    return [check for verdict in LOUD for check in document["checks"] if check["verdict"] == verdict]


def not_checked(document: Mapping[str, Any]) -> list[str]:
    """A sentence per reason."""
    by_reason: dict[str, list[str]] = {}
    for each in document["not_checked"]:
        by_reason.setdefault(each["reason"], []).append(each["name"])
    return [f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()]

"""reconcile.logs: every counted request and attempt has its log line, every line its count, and each line is sound.

Lines that counters lack are excused for a service whose process was replaced, since a killed process takes its
counters with it and leaves its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.checks.figures import figure, shortened
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ServiceCounts, ServiceLog

NAME = "reconcile.logs"


def reconcile_logs(
    counts: Mapping[str, ServiceCounts],
    logs: Mapping[str, ServiceLog] | None,
    *,
    obstacle: str,
    compared: bool = True,
) -> Finding:
    """Compare per service, method, route and status. `logs` is None when they could not be read.

    `compared` is whether any service both counts and logs its requests; if none does, its lines are looked at alone.
    """
    if logs is None:
        obstacle = obstacle or "the logs could not be read"
    if obstacle or logs is None:
        return Finding(NAME, Verdict.INCONCLUSIVE, obstacle)
    faults = [fault for service, log in logs.items() for fault in _unsound(service, log)]
    for service, count in counts.items():
        if not count.unreadable:
            faults += _unequal(service, count, logs.get(service, ServiceLog()))
    lines = sum(log.requests.total() + log.attempts.total() for log in logs.values())
    if faults:
        reason = shortened(faults)
        evidence = {"faults": faults}
        return Finding(
            NAME, Verdict.FAIL, reason, samples=lines, value=float(len(faults)), limit=0.0, evidence=evidence
        )
    blind = [count.unreadable for count in counts.values() if count.unreadable]
    if not compared and (written := sum(log.lines for log in logs.values())):
        return Finding(NAME, Verdict.PASS, f"{figure(written)} lines, each sound", samples=written)
    if blind or not lines:
        reason = f"counters cannot be read: {'; '.join(blind)}" if blind else "no line was written, nothing compared"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason, samples=lines)
    return Finding(NAME, Verdict.PASS, f"{figure(lines)} lines, each counted once", samples=lines, value=0.0, limit=0.0)


def _unsound(service: str, log: ServiceLog) -> Iterator[str]:
    if log.malformed:
        yield f"{service}: {log.malformed} malformed lines, as {', '.join(log.malformed_examples[:1])}"
    if log.repeated:
        yield f"{service}: {log.repeated} lines repeat an event id, as {', '.join(log.repeated_examples[:1])}"


def _unequal(service: str, count: ServiceCounts, log: ServiceLog) -> Iterator[str]:
    pairs: list[tuple[str, Counter[Any], Counter[Any]]] = [
        ("requests", count.requests, log.requests),
        ("attempts", count.attempts, log.attempts),
    ]
    for what, counted, written in pairs:
        for key in sorted({*counted, *written}):
            excused = count.reset and written[key] > counted[key]
            if counted[key] != written[key] and not excused:
                yield f"{service}: {key}: {counted[key]} {what} counted, {written[key]} lines"

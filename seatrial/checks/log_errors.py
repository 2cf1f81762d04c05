"""logs.errors: no service wrote a line at an error level between the readings."""

from __future__ import annotations

from collections.abc import Mapping

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ServiceLog

NAME = "logs.errors"
SHOWN = 5


def log_errors(logs: Mapping[str, ServiceLog] | None, *, obstacle: str) -> Finding:
    """FAIL on any, with examples; `logs` is None when they could not be read. Silence of every service proves nothing."""
    if obstacle or logs is None:
        return Finding(NAME, Verdict.INCONCLUSIVE, obstacle or "the logs could not be read")
    lines = sum(log.lines for log in logs.values())
    wrong = {service: log for service, log in logs.items() if log.errors}
    if wrong:
        counted = ", ".join(f"{service} {log.errors}" for service, log in wrong.items())
        examples = [f"{service}: {text}" for service, log in wrong.items() for text in log.error_examples][:SHOWN]
        reason = f"lines at an error level: {counted}; as {examples[0]!r}" if examples else counted
        total = sum(log.errors for log in wrong.values())
        return Finding(
            NAME, Verdict.FAIL, reason, value=float(total), limit=0.0, samples=lines, evidence={"examples": examples}
        )
    if not lines:
        return Finding(NAME, Verdict.INCONCLUSIVE, "no service wrote a line", samples=0)
    return Finding(
        NAME, Verdict.PASS, f"{figure(lines)} lines, none at an error level", value=0.0, limit=0.0, samples=lines
    )

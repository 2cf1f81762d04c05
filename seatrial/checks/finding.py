"""The three verdicts, and the finding that every check returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """FAIL outranks INCONCLUSIVE, which outranks PASS."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `low` and `high` bound `value` at 95 %; all three and `limit` are in `unit`."""

    name: str
    verdict: Verdict
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    unit: str = ""
    samples: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def overall(findings: Iterable[Finding]) -> Verdict:
    """The verdict over all findings; INCONCLUSIVE when there are none, since nothing was shown."""
    return worst_of(finding.verdict for finding in findings)


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL over INCONCLUSIVE over PASS, and INCONCLUSIVE of none."""
    found = set(verdicts)
    for worst in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
        if worst in found:
            return worst
    return Verdict.INCONCLUSIVE

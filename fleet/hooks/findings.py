"""What an equation says: a verdict, how many things break it, and examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` counts what breaks the equation; the limit is none of them."""

    name: str
    verdict: str
    reason: str
    value: int | None = None
    examples: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As the harness takes it."""
        limit = None if self.value is None else 0
        return {
            "name": self.name,
            "verdict": self.verdict,
            "reason": self.reason,
            "value": self.value,
            "limit": limit,
            "examples": list(self.examples),
        }


def judged(name: str, broken: Iterable[str], looked_at: int, things: str) -> Finding:
    """PASS when nothing is broken, FAIL with examples otherwise; INCONCLUSIVE when there was nothing to look at."""
    wrong = list(broken)
    if wrong:
        shown = "; ".join(wrong[:EXAMPLES])
        return Finding(
            name, "FAIL", f"{len(wrong)} of {looked_at} {things}: {shown}", len(wrong), tuple(wrong[:EXAMPLES])
        )
    if not looked_at:
        return Finding(name, "INCONCLUSIVE", f"There were no {things} to look at.")
    return Finding(name, "PASS", f"All {looked_at} {things} hold.", 0)

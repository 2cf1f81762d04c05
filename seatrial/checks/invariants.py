"""invariants.<name>: the project's own equations, as its invariants hook found them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.checks.finding import Finding, Verdict

PREFIX = "invariants."
HOOK = f"{PREFIX}hook"


def invariants(document: Mapping[str, Any] | None, *, obstacle: str) -> list[Finding]:
    """The hook's findings under our names; one INCONCLUSIVE finding when it failed or gave none."""
    if obstacle or document is None:
        return [Finding(HOOK, Verdict.INCONCLUSIVE, obstacle or "the hook gave no answer")]
    entries = document.get("findings")
    if not isinstance(entries, list) or not entries:
        return [Finding(HOOK, Verdict.INCONCLUSIVE, "the hook answered without any finding")]
    return [_finding(entry) for entry in entries]


def _finding(entry: Any) -> Finding:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return Finding(HOOK, Verdict.INCONCLUSIVE, f"the hook's finding {str(entry)[:80]!r} has no name")
    name, said = PREFIX + entry["name"], entry.get("verdict")
    if said not in set(Verdict):
        return Finding(name, Verdict.INCONCLUSIVE, f"the hook's verdict is {said!r}, which is none of ours")
    evidence = {"examples": entry["examples"]} if entry.get("examples") else {}
    value, limit = _number(entry.get("value")), _number(entry.get("limit"))
    return Finding(name, Verdict(said), str(entry.get("reason", "")), value=value, limit=limit, evidence=evidence)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

"""What a check that did not pass means to somebody who sees it for the first time: checks of one kind as one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.figures import figure
from seatrial.report.wording import MEASURES

Check = Mapping[str, Any]

# Sentences that are read before the eye goes on.
TOLD = 3
# By the name's beginning: what FAIL says, and what INCONCLUSIVE leaves open.
MEANINGS = {
    "latency": ("Answers took longer than allowed", "It could not be told whether answers came in time"),
    "errors": ("More requests failed than allowed", "It could not be told whether too many requests failed"),
    "rate": ("Fewer requests were served than asked for", "It could not be told how many requests were served"),
    "load.valid": ("", "The load was not the one that was planned, by the generator's own fault"),
    "load.shed": ("The fleet could not take all arrivals", "It could not be told whose fault shed arrivals were"),
    "load.driven": ("", "The load could not be driven"),
    "reconcile": ("Counts differ: something was lost, doubled or counted wrongly", "Counts could not be compared"),
    "reconcile.elasticsearch": (
        "Log lines were lost, doubled or refused on their way into Elasticsearch",
        "It could not be told what became of the log lines",
    ),
    "telemetry": ("Log lines can be found too late", "It could not be told how late log lines can be found"),
    "traces.documents": (
        "Documents in Elasticsearch do not tell what happened",
        "It could not be told whether documents tell what happened",
    ),
    "traces": ("Requests left no whole trace", "Traces could not be followed"),
    "logs": ("A service wrote errors to its log", "The logs could not be read"),
    "metrics": ("A service's metrics cannot be read", "A service gave no metrics"),
    "scrapes": ("Prometheus could not reach a service all the time", "It could not be told whether Prometheus saw everything"),
    "auth": ("Somebody was let in, or kept out, who should not have been", "Planned refusals never came"),
    "restarts": ("A process died by itself", "It could not be told whether all processes lived on"),
    "drain": ("A replica did not stop as it should", "It was not seen how a replica stopped"),
    "ceilings": ("A service used more than it may", "It could not be told what a service used"),
    "slopes": ("A service uses more and more", "It could not be told whether a service uses more and more"),
    "invariants": ("The books are wrong: an equation of the project does not hold", "An equation could not be checked"),
    "hooks": ("", "A command of the project gave no answer"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """Checks of one kind with one verdict."""

    verdict: str
    meaning: str
    checks: Sequence[Check]


def families(checks: Sequence[Check]) -> list[Family]:
    """Checks of one kind together, in the order in which they come."""
    grouped: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        grouped.setdefault((check["verdict"], _meaning(check)), []).append(check)
    return [Family(verdict, meaning, found) for (verdict, meaning), found in grouped.items()]


def plainly(document: Mapping[str, Any]) -> str:
    """The verdict in one plain sentence."""
    deciding = [check for check in document["checks"] if check["verdict"] == document["verdict"] != "PASS"]
    if deciding:
        told = [family.meaning for family in families(deciding)]
        more = [f"And {len(told) - TOLD} more"] if len(told) > TOLD else []
        return ". ".join([*told[:TOLD], *more]) + "."
    if not document["checks"]:
        return "Nothing was asked for, so nothing was shown."
    return "Everything that was asked for was measured on enough data, and lies within its limit."


def measured(check: Check) -> str:
    """The figure, where the check holds one against a limit; its reason says the rest."""
    has_both = check["value"] is not None and check["limit"] is not None and check["unit"] in MEASURES
    return f"{figure(check['value'], check['unit'])}; " if has_both else ""


def _meaning(check: Check) -> str:
    name = check["name"]
    failed, opened = MEANINGS.get(name) or MEANINGS.get(name.split(".", 1)[0]) or ("", "")
    return (failed if check["verdict"] == "FAIL" else opened) or name

"""Sorts every difference between what was sent and what was counted into a class; nothing is explained away.

Owns the classes and the arithmetic per key. Leaves finding the pairs (client rows or calls with log lines) to the
checks that know both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from seatrial.checks.inputs import RequestKey

EXAMPLES = 5
# What an HTTP server or proxy answers by itself, before the application hears of a request (RFC 9110, 15; RFC 6585).
SERVERS_OWN = frozenset({"400", "408", "413", "414", "431", "502", "503", "504"})


class Cause(StrEnum):
    """Why two counts differ. `LOST`, `DUPLICATE` and `UNEXPLAINED` fail."""

    IN_FLIGHT = "in flight"
    SHED = "shed"
    RETRIED = "retried"
    DUPLICATE = "duplicate"
    GAVE_UP = "client gave up"
    REFUSED = "refused before the app"
    KILLED = "counters lost with a killed process"
    LOST = "lost"
    UNEXPLAINED = "unexplained"


FAILING = frozenset({Cause.LOST, Cause.DUPLICATE, Cause.UNEXPLAINED})


@dataclass(frozen=True, slots=True)
class Difference:
    """So many requests of one class, with a few examples: what, and a trace or span id where there is one."""

    cause: Cause
    count: int
    examples: tuple[str, ...] = ()


def merge(differences: Iterable[Difference]) -> list[Difference]:
    """One difference per class, in the order of the classes."""
    counts: Counter[Cause] = Counter()
    examples: dict[Cause, list[str]] = {}
    for difference in (each for each in differences if each.count):
        counts[difference.cause] += difference.count
        examples.setdefault(difference.cause, []).extend(difference.examples)
    return [
        Difference(cause, counts[cause], tuple(dict.fromkeys(examples[cause]))[:EXAMPLES])
        for cause in Cause
        if counts[cause]
    ]


def failing(differences: Iterable[Difference]) -> list[Difference]:
    """Those that no class excuses."""
    return [difference for difference in differences if difference.cause in FAILING]


def _by_cause() -> dict[Cause, Counter[RequestKey]]:
    return {cause: Counter() for cause in Cause}


@dataclass(slots=True)
class Ledger:
    """Both sides of one boundary with one callee: enter what is known of each request, then ask for the differences.

    `answered`: requests whose sender got an answer, by key; `unlogged`: those of them that the callee's log does not
    show. `handled`: requests that the log shows although their sender got no answer, or sent one only, by class.
    `silent`: requests without an answer that the log does not show either, by the class they have if never counted.
    `untold`: requests that the log shows and no sender does, where a sender was replaced. `counted`: what the callee's
    counters gained; `logged`: all its request lines; `reset`: its process was replaced.
    """

    counted: Counter[RequestKey]
    logged: Counter[RequestKey] = field(default_factory=Counter)
    reset: bool = False
    answered: Counter[RequestKey] = field(default_factory=Counter)
    unlogged: Counter[RequestKey] = field(default_factory=Counter)
    handled: dict[Cause, Counter[RequestKey]] = field(default_factory=_by_cause)
    silent: dict[Cause, Counter[RequestKey]] = field(default_factory=_by_cause)
    untold: Counter[RequestKey] = field(default_factory=Counter)
    examples: dict[tuple[Cause, RequestKey], list[str]] = field(default_factory=dict)

    def illustrate(self, cause: Cause, key: RequestKey, example: str) -> None:
        """Keep the first few examples of a class and key."""
        known = self.examples.setdefault((cause, key), [])
        if len(known) < EXAMPLES:
            known.append(f"{key}, {example}")

    def handle(self, cause: Cause, key: RequestKey, example: str) -> None:
        """Enter a request that the callee's log shows beyond what was answered."""
        self.handled[cause][key] += 1
        self.illustrate(cause, key, example)

    def miss(self, cause: Cause, key: RequestKey, example: str) -> None:
        """Enter a request of which nobody heard again."""
        unanswered = key._replace(status="")
        self.silent[cause][unanswered] += 1
        self.illustrate(cause, unanswered, example)

    def differences(self) -> list[Difference]:
        """Every difference, classified; one per class."""
        found: list[Difference] = []
        known = self.answered + sum(self.handled.values(), Counter())
        silent = {cause: Counter(keys) for cause, keys in self.silent.items()}
        for key in sorted({*known, *self.counted}):
            short = known[key] - self.counted[key]
            found += self._shortage(key, short) if short > 0 else self._excess(key, -short, silent)
        for group in (self.handled, silent):
            found += [self._of(cause, key, count) for cause, keys in group.items() for key, count in keys.items()]
        return merge(found)

    def _shortage(self, key: RequestKey, short: int) -> list[Difference]:
        """Fewer counted than known. A killed process can have lost no more counts than its log has lines."""
        killed = min(short, self.logged[key]) if self.reset else 0
        # Such an answer that left neither count nor line was given by the server in front of the app.
        refusable = self.unlogged[key] if key.status in SERVERS_OWN else 0
        refused = min(short - killed, refusable)
        parts = {Cause.KILLED: killed, Cause.REFUSED: refused, Cause.LOST: short - killed - refused}
        return [self._of(cause, key, count) for cause, count in parts.items()]

    def _excess(self, key: RequestKey, excess: int, silent: dict[Cause, Counter[RequestKey]]) -> list[Difference]:
        """More counted than known: first those whose sender never heard back, then those whose sender died over them."""
        unanswered, gave_up = key._replace(status=""), 0
        for keys in silent.values():
            taken = min(excess - gave_up, keys[unanswered])
            keys[unanswered] -= taken
            gave_up += taken
        killed = min(excess - gave_up, self.untold[key])
        parts = {Cause.GAVE_UP: gave_up, Cause.KILLED: killed, Cause.UNEXPLAINED: excess - gave_up - killed}
        return [self._of(cause, key, count) for cause, count in parts.items()]

    def _of(self, cause: Cause, key: RequestKey, count: int) -> Difference:
        return Difference(cause, count, tuple(self.examples.get((cause, key), [str(key)])))

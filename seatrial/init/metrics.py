"""Which metric counts requests, and which of its labels says what: by evidence, not by the names alone.

Evidence is what moved when a request was made whose method, route and answer are known. Without any, the values of
the labels decide. Everything that is taken, or nearly was, comes with a reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seatrial.init.families import Family, Labels
from seatrial.init.naming import Named

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
STATUS = re.compile(r"^[1-5]\d\d$")
# Labels that have been seen to carry the route, the telling ones first.
ROUTE_LABELS = (
    "http_route",
    "route",
    "url_rule",
    "rule",
    "path_template",
    "url_template",
    "handler",
    "endpoint",
    "view",
    "page",
    "path",
    "uri",
    "url",
    "http_target",
)
BAD_REQUEST = 400
TIMES = re.compile(r"duration|latency|seconds|time|_ms$|millis")
# A metric of requests may lack one of its three labels.
MOST_LACKING = 1
OUTGOING = re.compile(r"client|outgoing|upstream|downstream|exceptions?|errors?_|_size|_bytes|body")


class Move(NamedTuple):
    """A request that was made, and the series that rose by it."""

    method: str
    template: str
    path: str
    status: int
    gained: Mapping[str, Mapping[Labels, float]]


@dataclass(frozen=True, slots=True)
class Requests:
    """The metric of requests and its labels, empty where it has none; `named` is how it names what was asked."""

    family: Family
    method: str
    route: str
    status: str
    named: tuple[Named, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Role to label, for those that there are."""
        named = {"method": self.method, "route": self.route, "status": self.status}
        return {role: label for role, label in named.items() if label}


class Refused(NamedTuple):
    """A metric that looks as if it counted requests, and why it was not taken."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`requests` is None when nothing that is exposed will do."""

    requests: Requests | None
    refused: tuple[Refused, ...] = ()


class _Labels(NamedTuple):
    method: str
    route: str
    status: str

    def lacking(self) -> list[str]:
        return [name for name, label in self._asdict().items() if not label]


def choose_requests(families: Mapping[str, Family], moves: Sequence[Move] = ()) -> Choice:
    """The best metric of requests: the most labels, a histogram before a counter, one of time before any other.

    The status is needed, and the method or the route with it.
    """
    candidates: list[Requests] = []
    refused: list[Refused] = []
    for family in families.values():
        if family.type not in {"histogram", "counter", "summary"} or not family.labels:
            continue
        found = _labels_of(family, moves)
        reason = _obstacle(family, found, moves)
        if not reason:
            well = [move for move in moves if move.status < BAD_REQUEST]
            named = tuple(Named(move.template, move.path, _name(family, move, found)) for move in well)
            candidates.append(Requests(family, found.method, found.route, found.status, named))
        elif len(found.lacking()) <= MOST_LACKING:
            refused.append(Refused(family.name, reason))
    best = min(candidates, key=_rank, default=None)
    others = [
        Refused(each.family.name, f"{best.family.name} suits better")
        for each in candidates
        if best and each is not best
    ]
    return Choice(best, (*refused, *others))


def _obstacle(family: Family, found: _Labels, moves: Sequence[Move]) -> str:
    """Why a family cannot be the metric of requests; empty when it can."""
    if not found.status or len(found.lacking()) > MOST_LACKING:
        return f"no label tells the {' or the '.join(found.lacking())}"
    if any(_own(family, move, found).total() != 1 for move in moves):
        return "it did not rise by one with each request, besides its own readings"
    return ""


def _rank(candidate: Requests) -> tuple[bool, int, bool, bool, str]:
    name = candidate.family.name
    outgoing, timed = bool(OUTGOING.search(name)), bool(TIMES.search(name))
    return outgoing, -len(candidate.labels), candidate.family.type != "histogram", not timed, name


def _labels_of(family: Family, moves: Sequence[Move]) -> _Labels:
    if moves:
        rows = [(move, dict(labels)) for move in moves for labels in move.gained.get(family.name, ())]
        method = _first(
            name for name in family.labels if _all(row.get(name, "").upper() == move.method for move, row in rows)
        )
        status = _first(name for name in family.labels if _all(row.get(name) == str(move.status) for move, row in rows))
    else:
        method = _first(
            name for name in family.labels if all(value.upper() in METHODS for value in family.values(name))
        )
        status = _first(name for name in family.labels if all(STATUS.match(value) for value in family.values(name)))
    return _Labels(method, _route_label(family, {method, status}), status)


def _route_label(family: Family, used: set[str]) -> str:
    """By its name, else by its values: paths."""
    free = [name for name in family.labels if name not in used]
    named = _first(name for name in ROUTE_LABELS if name in free)
    return named or _first(name for name in free if all(value.startswith("/") for value in family.values(name)))


def _own(family: Family, move: Move, found: _Labels) -> Counter[str]:
    """What a move added to series of its method and status, by route."""
    rises: Counter[str] = Counter()
    for labels, by in move.gained.get(family.name, {}).items():
        row = dict(labels)
        asked = not found.method or row.get(found.method, "").upper() == move.method
        if asked and row.get(found.status) == str(move.status):
            rises[row.get(found.route, "")] += round(by)
    return rises


def _name(family: Family, move: Move, found: _Labels) -> str:
    return next(iter(_own(family, move, found)), "")


def _first(names: Iterable[str]) -> str:
    return next(iter(names), "")


def _all(holds: Iterable[bool]) -> bool:
    """As `all`, but False of nothing."""
    seen = list(holds)
    return bool(seen) and all(seen)

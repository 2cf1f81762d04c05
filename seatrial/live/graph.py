"""Where each service and each call of a fleet is drawn: layers from the entry onwards, calls between them.

The method of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE
Trans. SMC 11 (1981). Services are on even layers; on odd ones each call has a place for its figures, so that no two
figures lie upon each other. Pure; pixels are the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

SWEEPS = 12
ROUNDS = 24


class Sizes(NamedTuple):
    """How much room things take along a layer, and between two of them."""

    service: float
    label: float
    passing: float
    gap: float


# Layers are columns on a wide page and rows on a narrow one, where calls have no figures beside them.
WIDE = Sizes(64, 34, 12, 10)
NARROW = Sizes(72, 8, 8, 8)


class Spot(NamedTuple):
    """Something that lies on a layer: a service, or what a call needs there."""

    layer: int
    name: str
    callee: str = ""


@dataclass(slots=True)
class _Drawing:
    """`rows` are the layers in order; `near` maps a spot to what it is joined to on the layers beside it."""

    rows: list[list[Spot]]
    near: dict[Spot, list[Spot]] = field(default_factory=dict)
    chains: dict[tuple[str, str], list[Spot]] = field(default_factory=dict)
    labels: set[Spot] = field(default_factory=set)


def arrange(entry: str, calls: Mapping[str, Sequence[str]], sizes: Sizes) -> dict[str, Any]:
    """A document: `layers`, `breadth`, `services` (name to layer and centre), `calls` with the points of each way.

    `calls` has every service. A call's `label` is the number of the point that its figures belong to; None for a call
    of a service to itself, which has no points.
    """
    drawing = _spots(entry, calls)
    _uncross(drawing)
    centres = _place(drawing, sizes)
    services = {
        spot.name: [spot.layer, round(at, 1)] for spot, at in centres.items() if not spot.layer % 2 and not spot.callee
    }
    return {
        "layers": len(drawing.rows),
        "breadth": round(max(at + _half(spot, drawing, sizes) for spot, at in centres.items()), 1),
        "services": services,
        "calls": [_way(edge, drawing, centres) for edge in edges(calls)],
    }


def edges(calls: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Every call once, in the order of the fleet's file."""
    return [(caller, callee) for caller, callees in calls.items() for callee in dict.fromkeys(callees)]


def levels(entry: str, calls: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How far each service is from the entry, by the longest way; calls that close a circle do not count."""
    ordered, closing = _depth_first((entry, *calls), calls)
    level = dict.fromkeys(calls, 0)
    for caller in ordered:
        for callee in calls[caller]:
            if (caller, callee) not in closing:
                level[callee] = max(level[callee], level[caller] + 1)
    return level


def _depth_first(starts: Iterable[str], calls: Mapping[str, Sequence[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """Callers before those they call, and the calls that lead back to a service under way."""
    ended: list[str] = []
    under_way: set[str] = set()
    closing: set[tuple[str, str]] = set()

    def visit(name: str) -> None:
        under_way.add(name)
        for callee in calls[name]:
            if callee in under_way:
                closing.add((name, callee))
            elif callee not in ended:
                visit(callee)
        under_way.remove(name)
        ended.append(name)

    for name in starts:
        if name not in ended:
            visit(name)
    return ended[::-1], closing


def _spots(entry: str, calls: Mapping[str, Sequence[str]]) -> _Drawing:
    level = levels(entry, calls)
    drawing = _Drawing([[] for _ in range(2 * max(level.values()) + 1)])
    for name in _depth_first((entry, *calls), calls)[0]:
        _put(drawing, Spot(2 * level[name], name))
    for caller, callee in edges(calls):
        if caller != callee:
            _join(drawing, caller, callee, level)
    return drawing


def _put(drawing: _Drawing, spot: Spot) -> Spot:
    drawing.rows[spot.layer].append(spot)
    drawing.near[spot] = []
    return spot


def _join(drawing: _Drawing, caller: str, callee: str, level: Mapping[str, int]) -> None:
    """A call's way, from the caller's layer to the callee's; one that closes a circle runs upwards."""
    begin, end = 2 * level[caller], 2 * level[callee]
    step = 1 if end > begin else -1
    between = [_put(drawing, Spot(layer, caller, callee)) for layer in range(begin + step, end, step)]
    chain = [Spot(begin, caller), *between, Spot(end, callee)]
    for one, other in pairwise(chain):
        drawing.near[one].append(other)
        drawing.near[other].append(one)
    drawing.chains[caller, callee] = chain
    drawing.labels.add(chain[1])


def _uncross(drawing: _Drawing) -> None:
    """Order each layer by where its neighbours lie, down and up again; the order with the fewest crossings stays."""
    best, fewest = [list(row) for row in drawing.rows], crossings(drawing.rows, drawing.near)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in range(1, len(drawing.rows)) if down else range(len(drawing.rows) - 2, -1, -1):
            drawing.rows[layer] = _ordered(drawing.rows[layer], drawing.rows[layer - 1 if down else layer + 1], drawing)
        found = crossings(drawing.rows, drawing.near)
        if found < fewest:
            best, fewest = [list(row) for row in drawing.rows], found
    drawing.rows = best


def _ordered(row: Sequence[Spot], beside: Sequence[Spot], drawing: _Drawing) -> list[Spot]:
    """By the mean place of what each is joined to; who is joined to nothing there keeps its place."""
    place = {spot: number for number, spot in enumerate(beside)}
    means = {}
    for number, spot in enumerate(row):
        joined = [place[other] for other in drawing.near[spot] if other in place]
        means[spot] = sum(joined) / len(joined) if joined else number
    return sorted(row, key=means.__getitem__)


def crossings(rows: Sequence[Sequence[Spot]], near: Mapping[Spot, Sequence[Spot]]) -> int:
    """How many pairs of lines cross between neighbouring layers."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {spot: number for number, spot in enumerate(lower)}
        ends = [sorted(place[other] for other in near[spot] if other in place) for spot in upper]
        flat = [end for group in ends for end in group]
        total += sum(before > after for number, before in enumerate(flat) for after in flat[number + 1 :])
    return total


def _place(drawing: _Drawing, sizes: Sizes) -> dict[Spot, float]:
    """Centres along each layer: as near as can be to what a spot is joined to, in the order found, not overlapping."""
    centres = {spot: float(number) for row in drawing.rows for number, spot in enumerate(row)}
    for turn in range(ROUNDS):
        for row in drawing.rows if turn % 2 else drawing.rows[::-1]:
            wanted = [_pull(spot, centres, drawing) for spot in row]
            halves = [_half(spot, drawing, sizes) for spot in row]
            centres.update(zip(row, spaced(wanted, halves, sizes.gap), strict=True))
    least = min(at - _half(spot, drawing, sizes) for spot, at in centres.items())
    return {spot: at - least for spot, at in centres.items()}


def _pull(spot: Spot, centres: Mapping[Spot, float], drawing: _Drawing) -> float:
    joined = drawing.near[spot]
    return sum(centres[other] for other in joined) / len(joined) if joined else centres[spot]


def _half(spot: Spot, drawing: _Drawing, sizes: Sizes) -> float:
    if not spot.callee:
        return sizes.service / 2
    return (sizes.label if spot in drawing.labels else sizes.passing) / 2


def spaced(wanted: Sequence[float], halves: Sequence[float], gap: float) -> list[float]:
    """The positions nearest to `wanted` in the sense of least squares that keep order and distance.

    Pool adjacent violators: who would come too near to one another move as one block to their common mean.
    """
    offsets = [0.0]
    for before, after in pairwise(halves):
        offsets.append(offsets[-1] + before + gap + after)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, number = blocks.pop()
            mean, count = (mean * count + other * number) / (count + number), count + number
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _way(edge: tuple[str, str], drawing: _Drawing, centres: Mapping[Spot, float]) -> dict[str, Any]:
    points = [[spot.layer, round(centres[spot], 1)] for spot in drawing.chains.get(edge, [])]
    return {"caller": edge[0], "callee": edge[1], "points": points, "label": 1 if points else None}

"""A request and all that it set off, as bars below one another: from its row and the log lines of its trace.

Owns the order and the geometry; bars are shares of the whole, so a page needs no script to show them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.figures import figure

DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """`left` and `width` are percent of the whole; `kind` is client, served or called; `depth` how far below the request."""

    text: str
    service: str
    kind: str
    left: float
    width: float
    depth: int
    seconds: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One request. `lines` are its log lines: seconds since it was due, service, level and message."""

    title: str
    outcome: str
    trace: str
    why: str
    bars: tuple[Bar, ...]
    lines: tuple[tuple[str, str, str, str], ...]


def waterfall(story: Mapping[str, Any]) -> Waterfall:
    """The request as bars. Log lines that do not say how long something took are in `lines` only."""
    due, lines = float(story["intended_start"]), story["lines"]
    sent, ended = float(story["start"]), float(story["start"]) + float(story["duration"])
    begin, end = min(due, sent), max([ended, *(line["at"] for line in lines)])
    whole = max(end - begin, 1e-9)
    status = story["status"] or story["error"] or "no answer"
    first = Bar(
        f"{story['method']} {story['route']}", "client", "client", *_place(sent, ended, begin, whole), 0,
        figure(ended - sent, "s"), story["outcome"] != "ok",
    )  # fmt: skip
    late = f", {figure(sent - due, 's')} of it before it was sent" if sent - due > 0.001 else ""  # noqa: PLR2004 - a millisecond is nobody's wait
    return Waterfall(
        title=f"{story['step']}: {figure(story['latency'], 's')} from its intended start{late}",
        outcome=f"{story['outcome']}, {status}, {time.strftime('%H:%M:%S', time.gmtime(due))} UTC, journey {story['journey']}",
        trace=story["trace_id"],
        why=story["why"],
        bars=(first, *_bars(lines, story["span_id"], begin, whole)),
        lines=tuple(_told(line, due) for line in lines),
    )


def _place(begin: float, end: float, whole_begin: float, whole: float) -> tuple[float, float]:
    left = min(max((begin - whole_begin) / whole * 100, 0.0), 100.0)
    return round(left, 3), round(min(max((end - begin) / whole * 100, 0.2), 100.0 - left), 3)


def _bars(lines: Sequence[Mapping[str, Any]], root: str, begin: float, whole: float) -> Iterator[Bar]:
    timed = [line for line in lines if line["kind"] and line["seconds"] is not None]
    depths = _depths(timed, root)
    for line in _in_order(timed, root):
        start = line["at"] - line["seconds"]
        failed = bool(line["error"]) or line["status"].startswith("5")
        left, width = _place(start, line["at"], begin, whole)
        text = line["message"] if line["kind"] == "served" else f"to {line['callee']}: {line['message']}"
        yield Bar(
            text, line["service"], line["kind"], left, width, depths[line["span"]], figure(line["seconds"], "s"), failed
        )


def _depths(lines: Sequence[Mapping[str, Any]], root: str) -> dict[str, int]:
    parents = {line["span"]: line["parent"] for line in lines}
    return {span: len(list(_above(span, parents, root))) for span in parents}


def _above(span: str, parents: Mapping[str, str], root: str) -> Iterator[str]:
    """From the span up to the request; a circle, which no honest log has, ends too."""
    for _ in range(DEEPEST):
        yield span
        if span == root or span not in parents or parents[span] == root:
            return
        span = parents[span]


def _in_order(lines: Sequence[Mapping[str, Any]], root: str) -> list[Mapping[str, Any]]:
    """Each below what caused it, siblings by their beginning; what has no parent among them comes as it began."""
    children: dict[str, list[Mapping[str, Any]]] = {}
    spans = {line["span"] for line in lines}
    for line in sorted(lines, key=lambda each: each["at"] - each["seconds"]):
        children.setdefault(line["parent"] if line["parent"] in spans else root, []).append(line)
    ordered: list[Mapping[str, Any]] = []
    waiting = children.pop(root, [])[::-1]
    while waiting:
        line = waiting.pop()
        ordered.append(line)
        waiting += children.pop(line["span"], [])[::-1]
    return ordered


def _told(line: Mapping[str, Any], due: float) -> tuple[str, str, str, str]:
    took = f" ({figure(line['seconds'], 's')})" if line["seconds"] is not None else ""
    return f"{(line['at'] - due) * 1000:+.1f} ms", line["service"], line["level"], f"{line['message']}{took}"

"""What a panel shows, as one document for the script that draws it (panels.js), in the report and on the live page alike. Pure.

Values keep four digits: a chart shows no more. All lines of a panel share its times, in seconds since `begin`; a hole is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.asking import ANSWERED, REFUSED, SILENT, UNASKED, Result, Seen, legend
from seatrial.panels.model import UNBORN, Dashboard
from seatrial.panels.variables import Span

DIGITS = 4
# Who looks here does not edit.
GENERATED = re.compile(r"\s*Generated from [^:]*: do not edit\.")
MOST_SERIES = 40
MOST_ROWS = 60
Document = dict[str, Any]


def pictures(seen: Sequence[Seen], span: Span) -> list[Document]:
    """A document for each dashboard."""
    found = groupby(seen, key=lambda each: each.dashboard)
    return [
        {
            "name": dashboard.name,
            "title": dashboard.title,
            "about": GENERATED.sub("", dashboard.about),
            "rows": [
                {"title": title, "panels": [picture(each, span) for each in panels]}
                for title, panels in groupby(of_dashboard, key=lambda each: each.panel.row)
            ],
        }
        for dashboard, of_dashboard in found
    ]


def picture(seen: Seen, span: Span) -> Document:
    """One panel. `note` says why nothing is drawn."""
    panel = seen.panel
    document: Document = {
        "id": panel.number,
        "title": panel.title,
        "about": panel.about,
        "kind": panel.kind,
        "unit": panel.unit,
        "width": panel.width,
        "note": _note(seen),
    }
    if document["note"]:
        return document
    return document | _drawn(seen, span)


def without_panels(dashboard: Dashboard) -> Document:
    """The document of a dashboard that shows nothing."""
    return {"name": dashboard.name, "title": dashboard.title, "about": dashboard.about, "rows": []}


def _note(seen: Seen) -> str:
    panel = seen.panel
    if not panel.kind:
        return "Panels of this kind are drawn by Grafana alone."
    if panel.kind == "text":
        return ""
    if any(each.state == ANSWERED for each in seen.results):
        return ""
    if told := [each.reason for each in seen.results if each.state in {REFUSED, UNASKED, SILENT}]:
        return f"Not known: {told[0]}."
    return _nothing(seen)


def _nothing(seen: Seen, said: str = "No data.") -> str:
    if UNBORN in seen.panel.about:
        return "Not yet."
    return "None, as it should be." if seen.panel.may_be_empty else said


def _drawn(seen: Seen, span: Span) -> Document:
    if any(result.documents for result in seen.results):  # lines are lines, in whatever kind of panel
        return _log(seen, span) | {"kind": "log"}
    draw: Callable[[Seen, Span], Document] = DRAWN_AS.get(seen.panel.kind, _chart)
    return draw(seen, span)


def _chart(seen: Seen, span: Span) -> Document:
    limits = [value for value, _ in seen.panel.steps if value is not None]
    limit, lines = (limits[0] if limits else None), _lines(list(_named(seen.results)), span)
    return {"limit": limit, "is_stacked": seen.panel.is_stacked, **lines}


def _figure(seen: Seen, span: Span) -> Document:
    named = list(_named(seen.results))
    return {"value": _last(named[0][1]), "steps": seen.panel.steps, **_lines(named[:1], span)}


def _bars(seen: Seen, _: Span) -> Document:
    bars = sorted(((name, _last(points)) for name, points in _named(seen.results)), key=lambda each: -each[1])
    return {"bars": bars[:MOST_SERIES], "steps": seen.panel.steps}


def _states(seen: Seen, span: Span) -> Document:
    return {"states": seen.panel.states, **_lines(list(_named(seen.results)), span)}


def _log(seen: Seen, _: Span) -> Document:
    return {"log": [_line(each) for result in seen.results for each in result.documents]}


def _named(results: Iterable[Result]) -> Iterable[tuple[str, SeriesPoints]]:
    for result in results:
        for each in result.series:
            yield legend(result.target, each.labels), each


def _lines(named: Sequence[tuple[str, SeriesPoints]], span: Span) -> Document:
    """The lines that reach highest where there are too many; `left_off` says how many are not there."""
    kept = named
    if len(named) > MOST_SERIES:
        kept = sorted(named, key=lambda each: -max(value for _, value in each[1].points))[:MOST_SERIES]
    count = int((span.end - span.begin) / span.step) + 1
    lines = [{"name": name, "values": _values(series, span, count)} for name, series in kept]
    return {"times": [round(at * span.step) for at in range(count)], "lines": lines, "left_off": len(named) - len(kept)}


def _values(series: SeriesPoints, span: Span, count: int) -> list[float | None]:
    values: list[float | None] = [None] * count
    for at, value in series.points:
        place = math.floor((at - span.begin) / span.step + 0.5)  # `round` would put two halves into one place
        if 0 <= place < count:
            values[place] = _short(value)
    return values


def _last(series: SeriesPoints) -> float:
    return _short(series.points[-1][1])


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _table(seen: Seen, span: Span) -> Document:
    """Each set of labels as a row, with every query's value of the end; what ended before is no row of now."""
    columns, results = seen.panel.columns, seen.results
    labels = _labels(columns, results)
    values = {f"Value #{each.target.letter}" if len(results) > 1 else "Value": each for each in results}
    found: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for key, result in values.items():
        for series in result.series:
            if series.points[-1][0] > span.end - 1.5 * span.step:
                of_row = {name: value for name, value in series.labels.items() if name != "__name__"}
                found.setdefault(tuple(sorted(of_row.items())), {})[key] = _last(series)
    if not found:
        return {"note": _nothing(seen, "Nothing now.")}
    titles = {name: columns.get(name, name) for name in (*labels, *values)}
    ordered = [name for name in columns if name in titles] or list(titles)
    ranked = sorted(found.items(), key=lambda each: -max(each[1].values()))
    rows: list[dict[str, Any]] = [{**dict(row), **shown} for row, shown in ranked]
    return {
        "columns": [{"title": titles[name], "unit": seen.panel.units.get(titles[name], "")} for name in ordered],
        "cells": [[row.get(name, "" if name in labels else None) for name in ordered] for row in rows[:MOST_ROWS]],
    }


def _edges(seen: Seen, _: Span) -> Document:
    """Of a map of calls its edges, as rows."""
    cells = [
        [each.labels.get("source", ""), each.labels.get("target", ""), _last(each)] for each in seen.results[-1].series
    ]
    titles = (("from", ""), ("to", ""), ("now", "reqps"))
    return {"columns": [{"title": title, "unit": unit} for title, unit in titles], "cells": sorted(cells)}


def _labels(columns: Mapping[str, str], results: Sequence[Result]) -> list[str]:
    there = {name for result in results for each in result.series for name in each.labels if name != "__name__"}
    wanted = [name for name in columns if name in there]
    return wanted or sorted(there)


def _line(document: Mapping[str, Any]) -> Document:
    return {name: str(value)[:300] for name, value in document.items()}


def _text(seen: Seen, _: Span) -> Document:
    """Paragraphs, and one table; of Markdown no more is drawn."""
    lines = [line.strip() for line in seen.panel.text.splitlines() if line.strip()]
    table = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    head, *rest = table or [[]]
    return {
        "text": [line for line in lines if not line.startswith("|")],
        "columns": [{"title": title, "unit": ""} for title in head],
        "cells": [row for row in rest if not set("".join(row)) <= set("-: ")],
    }


DRAWN_AS: dict[str, Callable[[Seen, Span], Document]] = {
    "figure": _figure,
    "bars": _bars,
    "states": _states,
    "rows": _table,
    "graph": _edges,
    "log": _log,
    "text": _text,
}

"""Puts a report together: one file, with everything in it, that asks nobody for anything.

Owns what stands where. The verdict, its reasons and all tables are plain HTML; only the charts need the script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from seatrial.checks.figures import figure
from seatrial.checks.quantities import name_of
from seatrial.load.profile import ALL
from seatrial.report import meaning, wording
from seatrial.report.html.course import Course, read_course
from seatrial.report.html.shipping import shipping
from seatrial.report.html.source import Source
from seatrial.report.html.strips import Mark, fault_periods, judged_periods, marks, scrapes, strips
from seatrial.report.html.waterfall import waterfall

AFTER_SECONDS = 2.0
EARLIEST_SECONDS = 15.0
LONGEST = 20_000
USAGE = (
    ("busy", "ratio", "busy threads, mean share"),
    ("cpu", "cores", "CPU, mean"),
    ("rss_bytes", "bytes", "memory, most"),
    ("descriptors", "files", "open files, most"),
    ("store_wait", "s/s", "waiting for the store, mean"),
)
STEP_COLUMNS = ("p50", "p95", "p99", "most")


def report_html(source: Source) -> str:
    """The text of report.html."""
    course = read_course(source)
    happened = marks(source.run.get("events", ()), source.began) if source.began else []
    items = _items(source, course, happened)
    return render(
        "report.html.j2",
        title=f"{source.verdict['verdict']} {source.verdict['run']}",
        items=items,
        source=source,
        document=source.verdict,
        happened=happened,
        services=_services(source),
        steps=[_step(step) for step in course.steps],
        usage_columns=[title for _, _, title in USAGE],
        usage=[(each["name"], *(figure(each.get(key), unit) for key, unit, _ in USAGE)) for each in source.verdict["services"]],
        stories=[waterfall(story) for story in source.stories],
        panels=in_script(source.panels) if source.panels else "",
        panels_script=_drawing("panels.js"),
        panels_style=_drawing("panels.css"),
    )  # fmt: skip


def render(template: str, *, items: Mapping[str, Any], **values: Any) -> str:
    """A page from its template. What comes from logs and names is escaped; the charts are data, not script."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("seatrial.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(wording=wording, meaning=meaning, figure=figure)
    environment.filters.update(anchor=anchor, pretty=pretty)
    return environment.get_template(template).render(
        style=part("style.css"),
        script=part("script.js"),
        bokeh=_bokeh() if items else "",
        charts=in_script(items),
        items=items,
        **values,
    )


def part(name: str) -> str:
    """A file of the page's own."""
    return files("seatrial.report.html").joinpath("templates", name).read_text(encoding="utf-8")


def _drawing(name: str) -> str:
    """What draws dashboards, here and on the live page alike."""
    return files("seatrial.panels").joinpath(name).read_text(encoding="utf-8")


def in_script(document: Any) -> str:
    """JSON that may stand in a script element, whatever text is in it."""
    return json.dumps(document, allow_nan=False).replace("<", "\\u003c")


def pretty(document: Any) -> str:
    """JSON for people; a long one is cut, and says so."""
    text = json.dumps(document, indent=2, default=str)
    return (
        text if len(text) <= LONGEST else f"{text[:LONGEST]}\n... and {len(text) - LONGEST} characters more in the file"
    )


def anchor(name: str) -> str:
    """The id of a check's row."""
    return "check-" + "".join(sign if sign.isalnum() else "-" for sign in name)


def _bokeh() -> str:
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def _services(source: Source) -> list[tuple[str, str]]:
    """Each service with its colour."""
    from seatrial.report.html.charts import colour_of

    return [(each["name"], colour_of(place)) for place, each in enumerate(source.verdict["services"])]


def _items(source: Source, course: Course, happened: Sequence[Mark]) -> dict[str, Any]:
    """The charts, by the id of where each belongs."""
    from seatrial.report.html.charts import Scene, course_item, spread_item

    profile = source.profile
    if profile is None or not source.began:
        return {}
    events = source.run.get("events", ())
    end = max([float(profile.seconds), *map(float, course.times.get("second", ()))]) + AFTER_SECONDS
    begin = max(-EARLIEST_SECONDS, min([0.0, *(mark.second for mark in happened)]) - 1)
    scene = Scene(begin, end, judged_periods(profile), fault_periods(events, source.began, end), happened)
    names = [each["name"] for each in source.verdict["services"]]
    found = [*strips(source.timeline, names, source.began, course.width, end)]
    asked = profile.limits.get(ALL)
    limits = {name_of(share): limit for share, limit in asked.percentiles().items()} if asked else {}
    scraped = scrapes(source.timeline, source.began)
    items = {
        "course-charts": course_item(
            course,
            found,
            scraped,
            {**limits, "lag": profile.validity.lag_p99_seconds},
            scene,
            shipping(source.probes, source.timeline, source.began),
        ),
        "spread-chart": spread_item(course, limits),
    }
    return {name: item for name, item in items.items() if item is not None}


def _step(step: Mapping[str, Any]) -> tuple[str, ...]:
    count, failed = step["requests"], step["failed"]
    latencies = (figure(step[name], "s") for name in STEP_COLUMNS)
    return (
        step["step"],
        f"{step['method']} {step['route']}",
        figure(count),
        figure(failed),
        figure(failed / count, "ratio"),
        *latencies,
    )

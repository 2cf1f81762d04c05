"""The charts of a report, in Bokeh: all that run over time share one axis, so zooming one zooms all.

Owns what is drawn. Leaves gathering to `course` and `strips`, colours of the page to its script, and the file to `page`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CrosshairTool,
    FactorRange,
    HoverTool,
    LogTicker,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure as new_figure

from seatrial.checks.quantities import Resource
from seatrial.report.html.course import OUTCOMES, Course
from seatrial.report.html.shipping import Shipping
from seatrial.report.html.strips import Mark, Period, Scraped, Strip

# Middle tones, told apart by those who see no red or green, and legible on white and on black.
PALETTE = ("#3182bd", "#e6851e", "#2ca089", "#c94f7c", "#8a6fc8", "#8c8c32", "#5aa2d8", "#b5651d", "#6b8e5a", "#9a7d8f")
RED, AMBER, GREY = "#d0453e", "#c98a00", "#808890"
HEIGHT = 190
# Entries of a legend that fit beside one another on a phone.
BESIDE = 3
FORMATS = {
    Resource.THREADS: ("Busy request threads, share of all", "0 %"),
    Resource.CPU: ("CPU, cores", "0.00"),
    Resource.MEMORY: ("Memory, MB", "0"),
    Resource.DESCRIPTORS: ("Open files", "0"),
    Resource.STORE_WAIT: ("Waiting for the store, s per second", "0.00"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What all charts over time have in common. `begin` and `end` in seconds since load began; `judged` and `faults` are shaded."""

    begin: float
    end: float
    judged: Sequence[Period] = ()
    faults: Sequence[Period] = ()
    marks: Sequence[Mark] = ()


class Board:
    """Charts over time that share their axis, their crosshair and what is marked in them."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._range = Range1d(start=scene.begin, end=scene.end, min_interval=2)
        self._cross = Span(dimension="height", line_dash="dotted", line_width=1, line_color=GREY)
        self._charts: list[Any] = []

    def chart(self, title: str, unit: str, **options: Any) -> Any:
        """A new chart at the bottom; `unit` is a number format of Bokeh's."""
        made: Any = new_figure(
            title=title,
            height=options.pop("height", HEIGHT),
            sizing_mode="stretch_width",
            x_range=self._range,
            tools=[BoxZoomTool(dimensions="width"), CrosshairTool(overlay=self._cross)],
            toolbar_location=None,
            **options,
        )
        made.yaxis.formatter = NumeralTickFormatter(format=unit) if unit else made.yaxis.formatter
        made.xaxis.axis_label = "seconds since load began"
        made.background_fill_color = made.border_fill_color = None
        made.outline_line_color = None
        self._mark(made)
        self._charts.append(made)
        return made

    def item(self, target: str) -> dict[str, Any]:
        """All of it as one document for the page's script."""
        return dict(json_item(column(self._charts, sizing_mode="stretch_width"), target))  # type: ignore[arg-type]

    def _mark(self, chart: Any) -> None:
        for periods, colour in ((self._scene.judged, GREY), (self._scene.faults, RED)):
            for period in periods:
                shade = BoxAnnotation(left=period.begin, right=period.end, fill_color=colour, fill_alpha=0.10)
                chart.add_layout(shade)
        for mark in self._scene.marks:
            chart.add_layout(Span(location=mark.second, dimension="height", line_color=AMBER, line_width=1))


def course_item(
    course: Course,
    strips: Sequence[Strip],
    scraped: Sequence[Scraped],
    limits: Mapping[str, float],
    scene: Scene,
    shipping: Shipping | None = None,
) -> dict[str, Any]:
    """Every chart over time. `limits` are latencies by percentile, and `lag` the generator's."""
    board = Board(scene)
    if scene.marks:
        _events(board, scene.marks)
    if course.times:
        source = ColumnDataSource(dict(course.times))
        _traffic(board, source)
        _latency(board, source, limits)
        _failures(board, source, course)
        _lag(board, source, limits.get("lag"))
    for strip in strips:
        _saturation(board, strip)
    if shipping is not None:
        _shipping(board, shipping)
    if scraped:
        _scrapes(board, scraped)
    return board.item("course-charts")


def _line(chart: Any, source: ColumnDataSource, name: str, colour: str, label: str, **style: Any) -> Any:
    return chart.line("second", name, source=source, color=colour, legend_label=label, **{"line_width": 1.8, **style})


def _hover(chart: Any, renderer: Any, tooltips: Sequence[tuple[str, str]]) -> None:
    """One box for all lines: they share their source."""
    second = ("at", "@second{0} s")
    chart.add_tools(
        HoverTool(renderers=[renderer], mode="vline", tooltips=[second, *tooltips], point_policy="follow_mouse")
    )


def _legend(chart: Any) -> None:
    legend = chart.legend[0]
    legend.orientation, legend.border_line_color, legend.background_fill_color = "horizontal", None, None
    legend.margin, legend.padding, legend.label_text_font_size = 0, 2, "12px"
    legend.ncols = len(legend.items) if len(legend.items) <= BESIDE else 2
    chart.add_layout(legend, "above")


def _events(board: Board, marks: Sequence[Mark]) -> None:
    chart = board.chart("Events", "", height=80, y_range=(0, 1))
    source = ColumnDataSource(
        {"second": [mark.second for mark in marks], "y": [0.5] * len(marks), "text": [mark.text for mark in marks]}
    )
    drawn = chart.scatter("second", "y", source=source, size=11, marker="inverted_triangle", color=AMBER)
    chart.yaxis.visible = chart.ygrid.visible = False
    chart.add_tools(HoverTool(renderers=[drawn], tooltips=[("at", "@second{0.0} s"), ("", "@text")]))


def _traffic(board: Board, source: ColumnDataSource) -> None:
    chart = board.chart("Arrivals and completions, per second", "0")
    chart.y_range.start = 0
    due = _line(chart, source, "due", PALETTE[0], "requests due")
    _line(chart, source, "ended", PALETTE[1], "requests ended", line_dash="dashed")
    _line(chart, source, "arrivals", PALETTE[2], "journeys arriving", line_width=1.2)
    _line(chart, source, "completions", PALETTE[3], "journeys completed", line_width=1.2, line_dash="dashed")
    names = {"requests due": "due", "requests ended": "ended", "journeys arriving": "arrivals"}
    _hover(
        chart,
        due,
        [(label, f"@{name}{{0.0}}/s") for label, name in {**names, "journeys completed": "completions"}.items()],
    )
    _legend(chart)


def _latency(board: Board, source: ColumnDataSource, limits: Mapping[str, float]) -> None:
    chart = board.chart("Latency, seconds (log scale)", "0.000", y_axis_type="log")
    chart.yaxis.ticker = LogTicker(mantissas=[1, 2, 5])
    for name, colour in zip(("p50", "p95", "p99"), PALETTE[2::-1], strict=True):
        drawn = _line(chart, source, name, colour, name)
        if name in limits:
            chart.add_layout(Span(location=limits[name], dimension="width", line_color=colour, line_dash="dashed"))
    _hover(chart, drawn, [(name, f"@{name}{{0.0000}} s") for name in ("p50", "p95", "p99")])
    _legend(chart)


def _failures(board: Board, source: ColumnDataSource, course: Course) -> None:
    chart = board.chart("Failures and shed journeys, per second", "0.0")
    names = [*OUTCOMES, "shed"]
    most = max((float(course.times[name].max(initial=0)) for name in names), default=0.0)
    chart.y_range = Range1d(
        start=0, end=sum(float(course.times[name].max(initial=0)) for name in names) * 1.1 if most else 1
    )
    bars = chart.vbar_stack(
        names,
        x="second",
        width=course.width * 0.95,
        source=source,
        color=[RED, PALETTE[3], PALETTE[4], GREY, AMBER],
        legend_label=names,
    )
    _hover(chart, bars[0], [(name, f"@{name}{{0.0}}/s") for name in names])
    _legend(chart)


def _lag(board: Board, source: ColumnDataSource, limit: float | None) -> None:
    chart = board.chart("Generator: dispatch lag p99, seconds", "0.000")
    chart.y_range.start = 0
    drawn = _line(chart, source, "lag_p99", GREY, "lag p99")
    if limit is not None:
        chart.add_layout(Span(location=limit, dimension="width", line_color=RED, line_dash="dashed"))
    _hover(chart, drawn, [("lag p99", "@lag_p99{0.0000} s")])
    chart.legend[0].visible = False


def _saturation(board: Board, strip: Strip) -> None:
    """A line per service; the colours are explained once, by the page."""
    title, unit = FORMATS[strip.resource]
    chart = board.chart(title, unit)
    chart.y_range.start = 0
    source = ColumnDataSource({"second": strip.seconds, **{f"s{at}": values for at, values in enumerate(strip.values)}})
    for at, service in enumerate(strip.services):
        drawn = chart.line("second", f"s{at}", source=source, color=colour_of(service.place), line_width=1.8)
    _hover(chart, drawn, [(service.name, f"@s{at}{{{unit}}}") for at, service in enumerate(strip.services)])


def _shipping(board: Board, shipping: Shipping) -> None:
    """The log pipeline: how late lines were found, how many came, and what waited."""
    lags = ColumnDataSource({"second": shipping.seconds, "p50": shipping.p50, "most": shipping.most})
    chart = board.chart("Log lines: from written to found, seconds", "0.0")
    chart.y_range.start = 0
    drawn = _line(chart, lags, "p50", PALETTE[0], "median")
    _line(chart, lags, "most", PALETTE[1], "longest", line_dash="dashed")
    _hover(chart, drawn, [("median", "@p50{0.00} s"), ("longest", "@most{0.00} s")])
    _legend(chart)
    for title, unit, (seconds, values) in (
        ("Log lines acknowledged by Elasticsearch, per second", "0", shipping.acknowledged),
        ("Log bytes waiting to be shipped, kB", "0", shipping.queue),
    ):
        chart = board.chart(title, unit)
        chart.y_range.start = 0
        source = ColumnDataSource({"second": seconds, "value": values})
        _hover(
            chart, chart.line("second", "value", source=source, color=PALETTE[2], line_width=1.8), [("", "@value{0}")]
        )


def _scrapes(board: Board, scraped: Sequence[Scraped]) -> None:
    names = [each.instance for each in scraped][::-1]
    chart = board.chart(
        "Scrapes answered; failed in red",
        "",
        height=60 + 18 * len(names),
        y_range=FactorRange(factors=names),
    )
    good = [(each.instance, *period) for each in scraped for period in each.answered]
    bars = ColumnDataSource(
        {
            "name": [name for name, *_ in good],
            "left": [left for _, left, _ in good],
            "right": [right for *_, right in good],
        }
    )
    drawn = chart.hbar(y="name", left="left", right="right", height=0.5, source=bars, color=PALETTE[2], alpha=0.7)
    bad = [(each.instance, second) for each in scraped for second in each.failed]
    if bad:
        chart.scatter([second for _, second in bad], [name for name, _ in bad], color=RED, size=6)
    chart.add_tools(
        HoverTool(renderers=[drawn], tooltips=[("", "@name"), ("answered", "@left{0.0} s to @right{0.0} s")])
    )


def colour_of(place: int) -> str:
    """The colour of the n-th service, everywhere in the report."""
    return PALETTE[place % len(PALETTE)]


def spread_item(course: Course, limits: Mapping[str, float]) -> dict[str, Any] | None:
    """How latencies are spread, on a log scale; None without samples."""
    if not course.spread or not len(course.spread["low"]):
        return None
    chart = _spread_chart("Requests by latency (log scale)")
    spread = dict(course.spread)
    source = ColumnDataSource({**spread, "all": spread["ok"] + spread["failed"]})
    chart.quad(left="low", right="high", bottom=0, top="ok", source=source, color=PALETTE[0], legend_label="ok")
    chart.quad(left="low", right="high", bottom="ok", top="all", source=source, color=RED, legend_label="failed")
    for name, limit in limits.items():
        if name != "lag":
            chart.add_layout(Span(location=limit, dimension="height", line_color=AMBER, line_dash="dashed"))
    chart.y_range.start = 0
    hover = [("latency", "@low{0.0000} s to @high{0.0000} s"), ("ok", "@ok"), ("failed", "@failed")]
    chart.add_tools(HoverTool(tooltips=hover))
    _legend(chart)
    return dict(json_item(chart, "spread-chart"))  # type: ignore[arg-type]


def _spread_chart(title: str) -> Any:
    chart: Any = new_figure(
        title=title,
        height=260,
        sizing_mode="stretch_width",
        x_axis_type="log",
        tools=[BoxZoomTool(dimensions="width")],
        toolbar_location=None,
    )
    chart.background_fill_color = chart.border_fill_color = chart.outline_line_color = None
    chart.xaxis.axis_label = "seconds"
    return chart


def pair_course_item(courses: Sequence[Course]) -> dict[str, Any]:
    """Two runs over time, each from the moment at which its arrivals began."""
    board = Board(Scene(0.0, max(float(course.times["second"].max()) for course in courses) + 1))
    for name, title, unit in (
        ("ended", "Requests ended, per second", "0"),
        ("p50", "Latency p50, seconds", "0.000"),
        ("p95", "Latency p95, seconds", "0.000"),
        ("p99", "Latency p99, seconds", "0.000"),
    ):
        chart = board.chart(title, unit)
        chart.y_range.start = 0
        for label, colour, course in zip("AB", PALETTE, courses, strict=False):
            drawn = _line(chart, ColumnDataSource(dict(course.times)), name, colour, label)
            _hover(chart, drawn, [(label, f"@{name}{{0.0000}}")])
        _legend(chart)
    return board.item("course-charts")


def pair_spread_item(courses: Sequence[Course]) -> dict[str, Any]:
    """How latencies are spread, as shares of all requests, so that runs of different length compare."""
    chart = _spread_chart("Share of requests by latency (log scale)")
    for label, colour, course in zip("AB", PALETTE, courses, strict=False):
        counts = course.spread["ok"] + course.spread["failed"]
        source = ColumnDataSource(
            {"low": course.spread["low"], "high": course.spread["high"], "share": counts / counts.sum()}
        )
        chart.quad(
            left="low", right="high", bottom=0, top="share", source=source, color=colour, alpha=0.5, legend_label=label
        )
    chart.y_range.start = 0
    chart.yaxis.formatter = NumeralTickFormatter(format="0 %")
    chart.add_tools(HoverTool(tooltips=[("latency", "@low{0.0000} s to @high{0.0000} s"), ("share", "@share{0.0 %}")]))
    _legend(chart)
    return dict(json_item(chart, "spread-chart"))  # type: ignore[arg-type]

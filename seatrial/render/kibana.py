"""What Kibana shows of a fleet's logs: which searches and charts, of which of the contract's fields.

Knows fields by their roles only, and shows nothing that it would have to guess the name of. Leaves the format to
saved_objects.py. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.project.telemetry import Duration, LogField, LogRoles, ServerRequestLine, Telemetry
from seatrial.render import saved_objects as kibana
from seatrial.render.saved_objects import Object, Panel
from seatrial.ship.names import IndexNames

PERCENTILES = (50, 95, 99)
HALF, WHOLE = kibana.GRID_COLUMNS // 2, kibana.GRID_COLUMNS
ROWS = 14
INPUT_FORMATS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}
NUMBERS = {"long", "short", "integer", "double"}
ABOUT = (
    "Rendered from telemetry.yml by `seatrial render`: do not edit. How late documents come is not shown: none says when it was "
    "indexed. A newest line that grows old is a silent service or a pipeline that stands still."
)


def saved_objects(telemetry: Telemetry, names: IndexNames) -> list[Object]:
    """Each after what it refers to; a chart or search whose fields have no role is left out."""
    log = telemetry.roles.log or LogRoles()
    view = kibana.data_view(names.alias, f"{names.prefix}: logs", log.timestamp, _formats(log.duration))
    letters = _Letters(names)
    logs = _Logs(names, view, log, telemetry.logs)
    panels = [*logs.panels(), *letters.panels()]
    charts = [panel.shown for panel in panels if panel.shown["type"] == "lens"]
    overview = kibana.dashboard(f"{names.alias}-overview", f"{names.prefix}: logs", panels, ABOUT)
    return [view, letters.view, *logs.searches(), letters.search, *charts, overview]


@dataclass(frozen=True, slots=True)
class _Logs:
    """What is shown of the lines that became documents."""

    names: IndexNames
    view: Object
    log: LogRoles
    fields: Mapping[str, LogField]

    def searches(self) -> Iterator[Object]:
        """Errors, one trace, slow requests."""
        time = self.log.timestamp
        if time is None:
            return
        if errors := self._errors():
            columns = self._columns(self.log.service, self.log.event, self.log.message, self.log.trace)
            yield self._search("errors", "errors", errors, columns, (time, "desc"))
        if self.log.trace is not None:
            columns = self._columns(
                self.log.service, *self._of_requests(), self.log.span, self.log.parent, self.log.message
            )
            yield self._search(
                "trace",
                "one trace",
                kibana.has(self.log.trace),
                columns,
                (time, "asc"),
                "Put a trace's id in the star's place.",
            )
        if (served := self._served()) and self.log.duration:
            columns = self._columns(self.log.service, *self._of_requests(), self.log.trace)
            yield self._search("slow", "slow requests", served, columns, (self.log.duration.field, "desc"))

    def panels(self) -> Iterator[Panel]:
        """Traffic, statuses, latency, errors, and how new the newest lines are."""
        time, service = self.log.timestamp, self.log.service
        if time is None or service is None:
            return
        if served := self._served():
            yield self._traffic(time, service, served)
            yield from self._statuses(time, served)
            yield from self._latency(time, service, served)
        yield from self._errors_by_route(service)
        yield self._newest(time, service)

    def _traffic(self, time: str, service: str, served: str) -> Panel:
        columns = {
            "time": kibana.over_time(time),
            "service": kibana.top(service, "service", "requests"),
            "requests": kibana.count("requests"),
        }
        return self._chart("requests", "requests by service", served, "bar_stacked", columns)

    def _statuses(self, time: str, served: str) -> Iterator[Panel]:
        status = self._line().status
        if status is not None:
            columns = {
                "time": kibana.over_time(time),
                "status": kibana.top(status, "status", "requests", number=self.fields[status].type in NUMBERS),
                "requests": kibana.count("requests"),
            }
            yield self._chart("statuses", "statuses", served, "bar_stacked", columns)

    def _latency(self, time: str, service: str, served: str) -> Iterator[Panel]:
        """By service as figures, and the whole fleet's over time."""
        if self.log.duration is None:
            return
        field = self.log.duration.field
        values = {f"p{percent}": kibana.percentile(field, percent, f"p{percent}") for percent in PERCENTILES}
        columns = {
            "service": kibana.top(service, "service", "requests"),
            "requests": kibana.count("requests"),
            **values,
        }
        yield self._table("latency", "latency by service", served, columns)
        yield self._chart(
            "latency-over-time", "latency of all", served, "line", {"time": kibana.over_time(time), **values}
        )

    def _errors_by_route(self, service: str) -> Iterator[Panel]:
        route, errors = self._line().route, self._errors()
        if errors and route is not None:
            columns = {
                "service": kibana.top(service, "service", "errors"),
                "route": kibana.top(route, "route", "errors"),
                "errors": kibana.count("errors"),
            }
            yield self._table("errors-by-route", "errors by service and route", errors, columns)

    def _newest(self, time: str, service: str) -> Panel:
        columns = {
            "service": kibana.top(service, "service", "lines"),
            "newest": kibana.latest(time, "newest line"),
            "lines": kibana.count("lines"),
        }
        return self._table("newest", "newest lines", "", columns)

    def _line(self) -> ServerRequestLine:
        return self.log.server_request or ServerRequestLine()

    def _served(self) -> str:
        """KQL of a line for each request that was answered; empty where nothing tells one."""
        line = self._line()
        if line.event is not None and self.log.event is not None:
            return kibana.is_value(self.log.event, line.event)
        return kibana.has(*self._columns(line.method, line.route, line.status))

    def _errors(self) -> str:
        """KQL of lines that are errors; empty where nothing tells one."""
        return (
            kibana.is_value(self.log.level, *self.log.error_levels) if self.log.level and self.log.error_levels else ""
        )

    def _of_requests(self) -> list[str]:
        line = self._line()
        duration = self.log.duration.field if self.log.duration else None
        return self._columns(line.method, line.route, line.status, duration)

    def _columns(self, *fields: str | None) -> list[str]:
        return [field for field in fields if field is not None]

    def _search(
        self, name: str, title: str, query: str, columns: list[str], sort: tuple[str, str], about: str = ""
    ) -> Object:
        key, full = f"{self.names.alias}-{name}", f"{self.names.prefix}: {title}"
        return kibana.search(key, full, self.view, query=query, columns=columns, sort=sort, about=about)

    def _chart(self, name: str, title: str, query: str, series: str, columns: Mapping[str, Any]) -> Panel:
        key, full = f"{self.names.alias}-{name}", f"{self.names.prefix}: {title}"
        return Panel(kibana.chart(key, full, self.view, query=query, series=series, columns=columns), HALF, ROWS)

    def _table(self, name: str, title: str, query: str, columns: Mapping[str, Any]) -> Panel:
        key, full = f"{self.names.alias}-{name}", f"{self.names.prefix}: {title}"
        return Panel(kibana.table(key, full, self.view, query=query, columns=columns), HALF, ROWS)


class _Letters:
    """What is shown of the dead letters, whose fields are ours (LETTERS in index_templates.py)."""

    def __init__(self, names: IndexNames) -> None:
        self._names = names
        self.view = kibana.data_view(names.letters, f"{names.prefix}: dead letters", "@timestamp", {})
        self.search = kibana.search(
            f"{names.letters}-reasons",
            f"{names.prefix}: dead letters and why",
            self.view,
            query="",
            columns=["service.name", "log.file.path", "log.offset", "event.id", "error.message", "event.original"],
            sort=("@timestamp", "desc"),
        )

    def panels(self) -> Iterator[Panel]:
        """How many by log, and each with its reason: a text, which can be read and not counted by."""
        columns = {
            "time": kibana.over_time("@timestamp"),
            "log": kibana.top("log.file.path", "log", "letters"),
            "letters": kibana.count("dead letters"),
        }
        key, title = f"{self._names.letters}-by-log", f"{self._names.prefix}: dead letters by log"
        yield Panel(kibana.chart(key, title, self.view, query="", series="bar_stacked", columns=columns), HALF, ROWS)
        yield Panel(self.search, WHOLE, ROWS)


def _formats(duration: Duration | None) -> dict[str, Any]:
    """Durations read as milliseconds, whatever they are counted in."""
    if duration is None:
        return {}
    params = {"inputFormat": INPUT_FORMATS[duration.unit], "outputFormat": "asMilliseconds", "outputPrecision": 1}
    return {duration.field: {"id": "duration", "params": params}}

"""The house style: how a panel of each kind looks, in one place. Knows Grafana's builders, and no metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    elasticsearch,
    logs,
    nodegraph,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as units
from grafana_foundation_sdk.models import dashboard as grafana
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

METRICS = units.DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = units.DataSourceRef(type_val="elasticsearch", uid="${logs}")
WHOLE, HALF, THIRD, QUARTER, SIXTH = 24, 12, 8, 6, 4
TALL, LOW = 8, 4
# Names of Grafana's own palette, which has a shade of each for the light and for the dark theme.
GOOD, POOR, BAD, CALM = "semi-dark-green", "semi-dark-orange", "semi-dark-red", "text"
PER_SECOND, SHARE, SECONDS, COUNT, BYTES, CORES = "reqps", "percentunit", "s", "short", "decbytes", "short"
# What stands for a drill: there is none, or it is empty until something has happened for the first time.
NO_DRILL, UNBORN = "-", "unborn"
PANEL = Builder[grafana.Panel]
P = TypeVar("P", bound="Dressed")


class Dressed(Protocol):
    """What every kind of panel can be told."""

    def title(self, title: str) -> Self: ...  # noqa: D102 - Grafana's builders explain them
    def description(self, description: str) -> Self: ...  # noqa: D102
    def datasource(self, datasource: units.DataSourceRef) -> Self: ...  # noqa: D102
    def span(self, w: int) -> Self: ...  # noqa: D102
    def height(self, h: int) -> Self: ...  # noqa: D102
    def unit(self, unit: str) -> Self: ...  # noqa: D102
    def no_value(self, no_value: str) -> Self: ...  # noqa: D102
    def targets(self, targets: list[Any]) -> Self: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and what its series are called; `exemplar`: traces are shown with it."""

    expr: str
    legend: str = ""
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What a panel says of itself. With `filled_by` it is empty while all is well: the alert whose drill fills it, NO_DRILL or UNBORN."""

    title: str
    text: str
    filled_by: str = ""

    @property
    def description(self) -> str:
        """As Grafana shows it, and as `seatrial render --live` reads it."""
        if not self.filled_by:
            return self.text
        if self.filled_by == UNBORN:
            return f"{self.text} Empty until it has happened."
        drill = "" if self.filled_by == NO_DRILL else f" `seatrial drill {self.filled_by}` fills it."
        return f"{self.text} Empty while all is well.{drill}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, and the unit of its figures."""

    title: str
    unit: str = ""


def over_time(
    about: About,
    unit: str,
    queries: Sequence[Query],
    *,
    limit: float | None = None,
    width: int = THIRD,
    stacked: bool = False,
) -> timeseries.Panel:
    """Lines; `limit` is drawn across, and what lies beyond it is shaded."""
    panel = _dressed(timeseries.Panel(), about, unit, queries, width, TALL)
    panel.line_width(1.5).fill_opacity(30 if stacked else 6).show_points(units.VisibilityMode.NEVER).min(0)
    panel.span_nulls(False)  # a hole is a hole
    panel.legend(
        common.VizLegendOptions()
        .display_mode(units.LegendDisplayMode.LIST)
        .placement(units.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    panel.tooltip(common.VizTooltipOptions().mode(units.TooltipDisplayMode.MULTI).sort(units.SortOrder.DESCENDING))
    panel.color_scheme(_by_name())
    if stacked:
        panel.stacking(common.StackingConfig().mode(units.StackingMode.NORMAL).group("A"))
    if limit is not None:
        panel.thresholds(thresholds((None, "transparent"), (limit, BAD)))
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(units.GraphThresholdsStyleMode.DASHED))
    return panel


def figure(
    about: About,
    unit: str,
    query: Query,
    *,
    steps: Sequence[tuple[float | None, str]] = ((None, CALM),),
    width: int = SIXTH,
) -> stat.Panel:
    """One figure, and how it came to be; `steps` colour it from a value on."""
    panel = _dressed(stat.Panel(), about, unit, [query], width, LOW)
    panel.thresholds(thresholds(*steps)).color_scheme(_by_threshold())
    panel.graph_mode(units.BigValueGraphMode.AREA).color_mode(units.BigValueColorMode.VALUE)
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def bars(
    about: About, unit: str, query: Query, *, steps: Sequence[tuple[float | None, str]], width: int = HALF
) -> bargauge.Panel:
    """A bar for each series, as it is now."""
    panel = _dressed(bargauge.Panel(), about, unit, [], width, TALL)
    panel.targets([_latest(query, "A")]).thresholds(thresholds(*steps)).color_scheme(_by_threshold()).min(0)
    panel.orientation(units.VizOrientation.HORIZONTAL).display_mode(units.BarGaugeDisplayMode.BASIC)
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def rows(
    about: About,
    columns: Mapping[str, Column],
    queries: Sequence[Query],
    *,
    width: int = HALF,
    height: int = TALL,
) -> table.Panel:
    """A row for each set of labels, as things are now. `columns` are labels in their order, then the queries' values."""
    panel = _dressed(table.Panel(), about, "", [], width, height)
    letters = [_letter(number) for number in range(len(queries))]
    panel.targets([_latest(query, letter, table=True) for query, letter in zip(queries, letters, strict=True)])
    values = {"Value": letters[0]} if len(letters) == 1 else {f"Value #{letter}": letter for letter in letters}
    labels = [name for name in columns if name not in letters]
    places = {name: at for at, name in enumerate([*labels, *values])}
    named = {name: columns[name].title for name in labels} | {key: columns[key_].title for key, key_ in values.items()}
    panel.with_transformation(grafana.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        grafana.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "includeByName": {},
                "indexByName": places,
                "renameByName": named,
            },
        )
    )
    for column in columns.values():
        if column.unit:
            panel.override_by_name(column.title, [grafana.DynamicConfigValue(id_val="unit", value=column.unit)])
    return panel


def states(about: About, query: Query, mapping: Mapping[str, tuple[str, str]], width: int = WHOLE) -> PANEL:
    """What state each thing was in, over time; `mapping` is value to text and colour."""
    panel = _dressed(statetimeline.Panel(), about, "", [query], width, TALL)
    options = {value: grafana.ValueMappingResult(text=said, color=shade) for value, (said, shade) in mapping.items()}
    panel.mappings([grafana.ValueMap(options=options)]).merge_values(True).show_value(units.VisibilityMode.NEVER)
    return panel.color_scheme(_by_threshold()).thresholds(thresholds((None, GOOD))).row_height(0.8)


def graph(about: About, nodes: Query, edges: Query, width: int = HALF) -> PANEL:
    """Services and calls. Grafana takes frames by their letters, and columns by their names."""
    panel = _dressed(nodegraph.Panel(), about, "", [], width, 2 * TALL)
    panel.targets([_latest(nodes, "nodes", table=True), _latest(edges, "edges", table=True)])
    for frame in ("nodes", "edges"):
        panel.with_transformation(
            grafana.DataTransformerConfig(
                id_val="organize",
                filter_val=grafana.MatcherConfig(id_val="byRefId", options=frame),
                options={
                    "excludeByName": {"Time": True},
                    "renameByName": {"Value": "mainstat", f"Value #{frame}": "mainstat"},
                },
            )
        )
    return panel.nodes(nodegraph.NodeOptions().main_stat_unit(PER_SECOND)).edges(
        nodegraph.EdgeOptions().main_stat_unit(PER_SECOND)
    )


def prose(title: str, markdown: str, *, width: int = WHOLE, height: int = TALL) -> PANEL:
    """Text."""
    panel = text.Panel().title(title).description(title).span(width).height(height)
    return panel.mode("markdown").content(markdown)  # type: ignore[arg-type] # an enumeration of strings


def documents(about: About, queries: Sequence[elasticsearch.Dataquery], unit: str, width: int = HALF) -> PANEL:
    """How many log lines over time."""
    panel = over_time(about, unit, [], width=width, stacked=True).draw_style(units.GraphDrawStyle.BARS)
    return panel.datasource(LOGS).targets(list(queries)).fill_opacity(60)


def lines(about: About, query: elasticsearch.Dataquery, width: int = WHOLE) -> PANEL:
    """Log lines as they are, the newest first."""
    panel = _dressed(logs.Panel(), about, "", [], width, 2 * TALL).datasource(LOGS).targets([query])
    return panel.show_time(True).wrap_log_message(True).enable_log_details(True)


def thresholds(*steps: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours, each from a value on; the first from anything."""
    made = [grafana.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(grafana.ThresholdsMode.ABSOLUTE).steps(made)


def _dressed(panel: P, about: About, unit: str, queries: Sequence[Query], width: int, height: int) -> P:
    panel.title(about.title).description(about.description).datasource(METRICS).span(width).height(height)
    panel.no_value({"": "no data", UNBORN: "not yet"}.get(about.filled_by, "none, as it should be"))
    if unit:
        panel.unit(unit)
    return panel.targets([_series(query, _letter(number)) for number, query in enumerate(queries)])


def _series(query: Query, letter: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().datasource(METRICS).expr(query.expr).ref_id(letter).range()
    return made.legend_format(query.legend or "__auto").exemplar(query.exemplar)


def _latest(query: Query, letter: str, *, table: bool = False) -> prometheus.Dataquery:
    made = prometheus.Dataquery().datasource(METRICS).expr(query.expr).ref_id(letter).instant()
    made.legend_format(query.legend or "__auto")
    return made.format(PromQueryFormat.TABLE) if table else made


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _by_name() -> dashboard.FieldColor:
    """The same thing has the same colour in every panel."""
    return dashboard.FieldColor().mode(grafana.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def _by_threshold() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(grafana.FieldColorModeId.THRESHOLDS)

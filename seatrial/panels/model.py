"""Dashboards as Grafana has them (its classic JSON), read as far as their panels are asked and drawn here.

Owns the shape. Whoever wrote a dashboard, by hand or by a program, finds it read alike; what is of another kind is left out. Format:
https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.errors import ConfigError

PROMETHEUS, ELASTICSEARCH = "prometheus", "elasticsearch"
# What a panel's description says when no data is as it should be.
EMPTY = "Empty while all is well."
UNBORN = "Empty until it has happened."
DRILL = re.compile(r"`seatrial drill (\w+)` fills it")
KINDS = {
    "timeseries": "lines",
    "graph": "lines",
    "stat": "figure",
    "gauge": "figure",
    "bargauge": "bars",
    "table": "rows",
    "nodeGraph": "graph",
    "state-timeline": "states",
    "logs": "log",
    "text": "text",
}
GRID_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel. `query` is PromQL or Lucene, `source` the kind of its data source, `document` all of it as written."""

    letter: str
    source: str
    query: str
    legend: str = ""
    instant: bool = False
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panel:
    """`row` is the title above it; `columns` are a table's titles by label and by `Value #<letter>`, in their order.

    `may_be_empty` says that no data is as it should be, `drill` is the alert whose drill brings some. `steps` are values and
    colours, the first from anything on; `states` are text and colour by value; `units` are by a column's title.
    """

    number: int
    title: str
    about: str
    kind: str
    row: str = ""
    unit: str = ""
    width: int = GRID_WIDTH
    targets: Sequence[Target] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[tuple[float | None, str]] = ()
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_stacked: bool = False
    text: str = ""

    @property
    def may_be_empty(self) -> bool:
        """Whether its description says so: there is nothing to show, or no load has made it happen yet."""
        return EMPTY in self.about or UNBORN in self.about

    @property
    def drill(self) -> str:
        """Empty where its description names none."""
        found = DRILL.search(self.about)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`name` is its file's; `variables` are the values that its queries get, as chosen in the file."""

    name: str
    uid: str
    title: str
    about: str
    panels: Sequence[Panel]
    variables: Mapping[str, str] = field(default_factory=dict)


def read_dashboards(folder: Path | None) -> list[Dashboard]:
    """Those of a folder, by the names of their files; none without one. Raises ConfigError."""
    return (
        [_read(file) for file in sorted(folder.glob("*.json")) if file.is_file()] if folder and folder.is_dir() else []
    )


def _read(file: Path) -> Dashboard:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return parse(file.stem, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__} {error}"
        raise ConfigError(
            f"this is no dashboard of Grafana's classic format: {said}. Export it anew.", file=file
        ) from error


def parse(name: str, document: Mapping[str, Any]) -> Dashboard:
    """A dashboard by its JSON. Raises ValueError, KeyError, TypeError or AttributeError for something else."""
    if not isinstance(document.get("panels"), list):
        raise TypeError("it has no panels")
    return Dashboard(
        name=name,
        uid=str(document.get("uid") or name),
        title=str(document.get("title") or name),
        about=str(document.get("description") or ""),
        panels=tuple(_panels(document["panels"])),
        variables={each["name"]: _chosen(each) for each in (document.get("templating") or {}).get("list") or []},
    )


def _panels(documents: Sequence[Mapping[str, Any]]) -> Iterator[Panel]:
    row = ""
    for each in documents:
        if each.get("type") == "row":
            row = str(each.get("title") or "")
            yield from (_panel(inner, row) for inner in each.get("panels") or [])
        else:
            yield _panel(each, row)


def _panel(document: Mapping[str, Any], row: str) -> Panel:
    defaults = (document.get("fieldConfig") or {}).get("defaults") or {}
    custom, options = defaults.get("custom") or {}, document.get("options") or {}
    return Panel(
        number=int(document.get("id") or 0),
        title=str(document.get("title") or ""),
        about=str(document.get("description") or ""),
        kind=KINDS.get(str(document.get("type")), ""),
        row=row,
        unit=str(defaults.get("unit") or ""),
        width=int((document.get("gridPos") or {}).get("w") or GRID_WIDTH),
        targets=tuple(_target(each, document) for each in document.get("targets") or [] if not each.get("hide")),
        columns=_columns(document),
        units=dict(_units(document)),
        steps=tuple(
            (each.get("value"), each["color"]) for each in (defaults.get("thresholds") or {}).get("steps") or []
        ),
        states=dict(_states(defaults.get("mappings") or [])),
        is_stacked=(custom.get("stacking") or {}).get("mode") == "normal",
        text=str(options.get("content") or ""),
    )


def _target(document: Mapping[str, Any], panel: Mapping[str, Any]) -> Target:
    source = _source(document.get("datasource")) or _source(panel.get("datasource"))
    return Target(
        letter=str(document.get("refId") or "A"),
        source=source or (PROMETHEUS if "expr" in document else ""),
        query=str(document.get("expr") or document.get("query") or ""),
        legend=str(document.get("legendFormat") or ""),
        instant=bool(document.get("instant")),
        document=document,
    )


def _source(datasource: Any) -> str:
    return str(datasource.get("type") or "") if isinstance(datasource, dict) else ""


def _columns(document: Mapping[str, Any]) -> dict[str, str]:
    """From the transformation that orders and names columns, where there is one."""
    for each in document.get("transformations") or []:
        options = each.get("options") or {}
        if each.get("id") == "organize" and options.get("indexByName"):
            names, places = options.get("renameByName") or {}, options["indexByName"]
            hidden = {name for name, is_hidden in (options.get("excludeByName") or {}).items() if is_hidden}
            return {name: names.get(name, name) for name in sorted(places, key=places.get) if name not in hidden}
    return {}


def _units(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for override in (document.get("fieldConfig") or {}).get("overrides") or []:
        if (override.get("matcher") or {}).get("id") == "byName":
            for each in override.get("properties") or []:
                if each.get("id") == "unit":
                    yield str(override["matcher"].get("options")), str(each.get("value"))


def _states(mappings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    for each in mappings:
        if each.get("type") == "value":
            for value, said in (each.get("options") or {}).items():
                yield str(value), (str(said.get("text") or value), str(said.get("color") or ""))


def _chosen(variable: Mapping[str, Any]) -> str:
    """What stands for a variable in a query: all there is, where nothing else was chosen."""
    if variable.get("type") in {"textbox", "constant"}:
        return str(variable.get("query") or "")
    value = (variable.get("current") or {}).get("value")
    if isinstance(value, list):
        several = f"({'|'.join(re.escape(str(each)) for each in value)})"
        value = "$__all" if "$__all" in value or not value else value[0] if len(value) == 1 else several
    if value in {None, "", "$__all"}:
        return str(variable.get("allValue") or ".*")
    return str(value)

"""Kibana's saved objects, as its import takes them: data views, searches, Lens charts and tables, dashboards.

Owns their format, in the last versions that Kibana counted by its own releases: 8.19 and 9 know these, and bring them up to date
on import. Charts are Lens's: Kibana 9 shows aggregation-based ones still and makes none anew. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Column = dict[str, Any]

CORE_VERSION = "8.8.0"
# Without them an import would begin with the changes of 7.x, which these shapes already are behind.
VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "lens": "8.9.0", "dashboard": "8.9.0"}
INDEX_NAME = "kibanaSavedObjectMeta.searchSourceJSON.index"
LAYER = "layer"
GRID_COLUMNS = 48
TOP = 20


@dataclass(frozen=True, slots=True)
class Panel:
    """A search or chart of a dashboard, `width` columns of 48 wide and `height` rows high."""

    shown: Object
    width: int
    height: int


def data_view(index: str, title: str, time: str | None, formats: Mapping[str, Any]) -> Object:
    """What Kibana reads, by an index's or alias's name; it may come to be later."""
    attributes = {
        "title": index,
        "name": title,
        "allowNoIndex": True,
        "fieldFormatMap": _text(formats),
        **({"timeFieldName": time} if time else {}),
    }
    return _object("index-pattern", index, attributes)


def search(
    name: str, title: str, view: Object, *, query: str, columns: Sequence[str], sort: tuple[str, str], about: str = ""
) -> Object:
    """Lines as they are, with some fields as columns; `query` is KQL."""
    attributes = {
        "title": title,
        "description": about,
        "columns": list(columns),
        "sort": [list(sort)],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _text({**_query(query), "filter": [], "indexRefName": INDEX_NAME})
        },
    }
    return _object("search", name, attributes, [_reference(INDEX_NAME, view)])


def count(label: str) -> Column:
    """How many documents."""
    return _value("count", "___records___", label, {"emptyAsNull": True})


def percentile(field: str, percent: int, label: str) -> Column:
    """Of a number."""
    return _value("percentile", field, label, {"percentile": percent})


def latest(field: str, label: str) -> Column:
    """Of a date."""
    return {**_value("max", field, label, {"emptyAsNull": True}), "dataType": "date"}


def over_time(field: str) -> Column:
    """The time axis."""
    params = {"interval": "auto", "includeEmptyRows": True, "dropPartials": False}
    return _bucket("date_histogram", field, "time", "date", "interval", params)


def top(field: str, label: str, by: str, *, number: bool = False) -> Column:
    """The values that are most often there, by the column `by`; also those without one."""
    params = {
        "size": TOP,
        "orderBy": {"type": "column", "columnId": by},
        "orderDirection": "desc",
        "otherBucket": True,
        "missingBucket": not number,  # Elasticsearch stands for a missing number by one
        "parentFormat": {"id": "terms"},
    }
    return _bucket("terms", field, label, "number" if number else "string", "ordinal", params)


def chart(
    name: str, title: str, view: Object, *, query: str, series: str, columns: Mapping[str, Column], about: str = ""
) -> Object:
    """Over time, in `series` (bar_stacked, line); the first column is the axis, those that are buckets too split it."""
    axis, *others = columns
    split = [key for key in others if columns[key]["isBucketed"]]
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": series,
        "xAccessor": axis,
        "accessors": [key for key in others if key not in split],
        **({"splitAccessor": split[0]} if split else {}),
    }
    visualization = {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "preferredSeriesType": series,
        "layers": [layer],
    }
    return _lens(name, title, view, "lnsXY", visualization, columns, query, about)


def table(name: str, title: str, view: Object, *, query: str, columns: Mapping[str, Column], about: str = "") -> Object:
    """Rows by the columns that are buckets, with the values of the others."""
    visualization = {"layerId": LAYER, "layerType": "data", "columns": [{"columnId": key} for key in columns]}
    return _lens(name, title, view, "lnsDatatable", visualization, columns, query, about)


def dashboard(name: str, title: str, panels: Sequence[Panel], about: str) -> Object:
    """Panels from left to right, in rows."""
    placed = [_placed(number, panel, at) for number, (panel, at) in enumerate(_flow(panels), 1)]
    attributes = {
        "title": title,
        "description": about,
        "panelsJSON": _text(placed),
        "optionsJSON": _text({"useMargins": True, "syncCursor": True, "syncColors": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-1h",
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 10_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text({**_query(""), "filter": []})},
    }
    references = [_reference(f"{number}:panel_{number}", panel.shown) for number, panel in enumerate(panels, 1)]
    return _object("dashboard", name, attributes, references)


def is_value(field: str, *values: str) -> str:
    """KQL: the field has one of these values."""
    quoted = [f'"{_escaped(value)}"' for value in values]
    return f"{field} : {quoted[0]}" if len(quoted) == 1 else f"{field} : ({' or '.join(quoted)})"


def has(*fields: str) -> str:
    """KQL: each of the fields is there."""
    return " and ".join(f"{field} : *" for field in fields)


def ndjson(objects: Sequence[Object]) -> str:
    """One line each, the same text for the same objects."""
    return "".join(f"{_text(each)}\n" for each in objects)


def _flow(panels: Sequence[Panel]) -> Iterator[tuple[Panel, tuple[int, int]]]:
    x = y = row = 0
    for panel in panels:
        if x + panel.width > GRID_COLUMNS:
            x, y, row = 0, y + row, 0
        yield panel, (x, y)
        x, row = x + panel.width, max(row, panel.height)


def _placed(number: int, panel: Panel, at: tuple[int, int]) -> Object:
    key, (x, y) = str(number), at
    return {
        "type": panel.shown["type"],
        "version": VERSIONS["dashboard"],
        "panelIndex": key,
        "panelRefName": f"panel_{key}",
        "gridData": {"x": x, "y": y, "w": panel.width, "h": panel.height, "i": key},
        "embeddableConfig": {"enhancements": {}},
    }


def _lens(  # noqa: PLR0913, PLR0917 - what Lens keeps of a chart
    name: str,
    title: str,
    view: Object,
    kind: str,
    visualization: Object,
    columns: Mapping[str, Column],
    query: str,
    about: str,
) -> Object:
    layer = {"columns": dict(columns), "columnOrder": list(columns), "incompleteColumns": {}}
    state = {
        **_query(query),
        "visualization": visualization,
        "filters": [],
        "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
        "internalReferences": [],
        "adHocDataViews": {},
    }
    attributes = {"title": title, "description": about, "visualizationType": kind, "state": state}
    return _object("lens", name, attributes, [_reference(f"indexpattern-datasource-layer-{LAYER}", view)])


def _value(operation: str, field: str, label: str, params: Object) -> Column:
    return _column(operation, field, label, params) | {"dataType": "number", "isBucketed": False, "scale": "ratio"}


def _bucket(operation: str, field: str, label: str, data: str, scale: str, params: Object) -> Column:
    return _column(operation, field, label, params) | {"dataType": data, "isBucketed": True, "scale": scale}


def _column(operation: str, field: str, label: str, params: Object) -> Column:
    named = {"label": label, "customLabel": True}
    return {"operationType": operation, "sourceField": field, "params": params, **named}


def _object(kind: str, name: str, attributes: Object, references: Sequence[Object] = ()) -> Object:
    versions = {"coreMigrationVersion": CORE_VERSION, "typeMigrationVersion": VERSIONS[kind]}
    return {"type": kind, "id": name, "attributes": attributes, "references": list(references), **versions}


def _reference(name: str, to: Object) -> Object:
    return {"name": name, "type": to["type"], "id": to["id"]}


def _query(text: str) -> Object:
    return {"query": {"language": "kuery", "query": text}}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _text(document: object) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False)

"""Asks an Elasticsearch what Grafana would for a panel: counts over time by a field's values, or the latest lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.backends.elasticsearch import Documents, told
from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.model import Target
from seatrial.panels.variables import Span

RAW = {"logs", "raw_data", "raw_document"}
MOST_LINES = 50
TOP = 20


@dataclass(frozen=True, slots=True)
class Searched:
    """The indices behind one alias."""

    documents: Documents

    def ask(self, target: Target, query: str, span: Span) -> tuple[list[SeriesPoints], list[dict[str, Any]]]:
        """Series of counts, or documents with the newest first. Raises BackendError."""
        time = str(target.document.get("timeField") or "@timestamp")
        within = {
            "range": {time: {"gte": round(span.begin * 1000), "lte": round(span.end * 1000), "format": "epoch_millis"}}
        }
        asked: dict[str, Any] = {"bool": {"filter": [within, {"query_string": {"query": query or "*"}}]}}
        kind = str((target.document.get("metrics") or [{}])[0].get("type") or "count")
        with told():
            if kind in RAW:
                return [], self._latest(asked, time)
            return self._counted(asked, time, _field(target), span), []

    def _latest(self, query: Mapping[str, Any], time: str) -> list[dict[str, Any]]:
        found = self.documents.client.search(
            index=self.documents.name, query=query, sort=[{time: "desc"}], size=MOST_LINES, ignore_unavailable=True
        )
        return [dict(hit["_source"]) for hit in found["hits"]["hits"]]

    def _counted(self, query: Mapping[str, Any], time: str, field: str, span: Span) -> list[SeriesPoints]:
        over_time = {
            "over_time": {"date_histogram": {"field": time, "fixed_interval": f"{span.step:g}s", "min_doc_count": 0}}
        }
        aggregations: dict[str, Any] = over_time
        if field:
            aggregations = {"by": {"terms": {"field": field, "size": TOP}, "aggs": over_time}}
        found = self.documents.client.search(
            index=self.documents.name, query=query, aggs=aggregations, size=0, ignore_unavailable=True
        ).get("aggregations", {})
        buckets = found["by"]["buckets"] if field and "by" in found else [{"key": "lines", **found}] if found else []
        series = [SeriesPoints({field or "of": str(each["key"])}, _points(each)) for each in buckets]
        return [each for each in series if each.points]


def _points(bucket: Mapping[str, Any]) -> list[tuple[float, float]]:
    return [(each["key"] / 1000, float(each["doc_count"])) for each in bucket["over_time"]["buckets"]]


def _field(target: Target) -> str:
    """What lines are told apart by; empty where by nothing."""
    for each in target.document.get("bucketAggs") or []:
        if each.get("type") == "terms":
            return str(each.get("field") or "")
    return ""

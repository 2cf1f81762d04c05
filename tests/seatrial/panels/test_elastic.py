from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from seatrial.backends.elasticsearch import Documents
from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.elastic import MOST_LINES, TOP, Searched
from seatrial.panels.model import Target
from seatrial.panels.variables import Span

SPAN = Span(100.0, 340.0)
BY_LEVEL = {"type": "terms", "field": "log.level"}
NODE = NodeConfig("http", "127.0.0.1", 1)
REFUSAL = ApiError("parsing_exception", ApiResponseMeta(400, "1.1", HttpHeaders(), 0.0, NODE), {})


@dataclass
class Client:
    """An Elasticsearch that gives one answer to every search, and keeps what it was asked."""

    answer: dict[str, Any] | Exception
    asked: list[dict[str, Any]] = field(default_factory=list)

    def search(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


Answer = tuple[list[SeriesPoints], list[dict[str, Any]]]


def ask(client: Client, query: str = "level:error", span: Span = SPAN, **document: Any) -> Answer:
    searched = Searched(Documents(client, "shop-logs"))  # type: ignore[arg-type]
    return searched.ask(Target("A", "elasticsearch", query, document=document), query, span)


def over_time(**counts: int) -> dict[str, Any]:
    """Buckets by the second at which they begin."""
    buckets = [{"key": int(second[1:]) * 1000, "doc_count": count} for second, count in counts.items()]
    return {"over_time": {"buckets": buckets}}


def counted(**aggregations: Any) -> Client:
    return Client({"hits": {"hits": []}, "aggregations": aggregations})


def lines(*sources: dict[str, Any]) -> Client:
    return Client({"hits": {"hits": [{"_id": "x", "_source": each} for each in sources]}})


@pytest.mark.parametrize("kind", ["logs", "raw_data", "raw_document"])
def test_raw_documents_are_the_latest_lines(kind: str) -> None:
    client = lines({"message": "new"}, {"message": "old"})
    assert ask(client, metrics=[{"type": kind}]) == ([], [{"message": "new"}, {"message": "old"}])
    (asked,) = client.asked
    assert (asked["index"], asked["sort"], asked["size"]) == ("shop-logs", [{"@timestamp": "desc"}], MOST_LINES)
    assert asked["ignore_unavailable"] is True
    assert "aggs" not in asked


def test_a_query_is_kept_within_the_span() -> None:
    client = lines()
    ask(client, metrics=[{"type": "logs"}])
    assert client.asked[0]["query"]["bool"]["filter"] == [
        {"range": {"@timestamp": {"gte": 100_000, "lte": 340_000, "format": "epoch_millis"}}},
        {"query_string": {"query": "level:error"}},
    ]


def test_an_empty_query_is_of_all_lines() -> None:
    client = lines()
    ask(client, query="", metrics=[{"type": "logs"}])
    assert client.asked[0]["query"]["bool"]["filter"][1] == {"query_string": {"query": "*"}}


def test_lines_have_the_time_that_the_target_names() -> None:
    client = lines()
    ask(client, timeField="at", metrics=[{"type": "logs"}])
    assert client.asked[0]["sort"] == [{"at": "desc"}]
    assert list(client.asked[0]["query"]["bool"]["filter"][0]["range"]) == ["at"]


@pytest.mark.parametrize("metrics", [[{"type": "count"}], [], None], ids=["count", "empty", "none"])
def test_lines_are_counted_over_time(metrics: Any) -> None:
    client = counted(**over_time(s100=3, s102=0))
    found = ask(client, metrics=metrics, bucketAggs=[{"type": "date_histogram", "field": "@timestamp"}])
    assert found == ([SeriesPoints({"of": "lines"}, [(100.0, 3.0), (102.0, 0.0)])], [])
    histogram = {"field": "@timestamp", "fixed_interval": "2s", "min_doc_count": 0}
    assert client.asked[0]["aggs"] == {"over_time": {"date_histogram": histogram}}
    assert (client.asked[0]["size"], client.asked[0]["ignore_unavailable"]) == (0, True)


def test_lines_are_counted_by_the_values_of_a_field() -> None:
    client = counted(by={"buckets": [{"key": "error", **over_time(s100=1)}, {"key": 5, **over_time(s100=2)}]})
    series, _ = ask(client, bucketAggs=[{"type": "date_histogram"}, BY_LEVEL, {"type": "terms", "field": "other"}])
    assert series == [
        SeriesPoints({"log.level": "error"}, [(100.0, 1.0)]),
        SeriesPoints({"log.level": "5"}, [(100.0, 2.0)]),
    ]
    assert client.asked[0]["aggs"]["by"]["terms"] == {"field": "log.level", "size": TOP}
    assert list(client.asked[0]["aggs"]["by"]["aggs"]) == ["over_time"]


@pytest.mark.parametrize(
    "client, aggregations",
    [
        (lines(), []),
        (lines(), [BY_LEVEL]),
        (counted(**over_time()), []),
        (counted(by={"buckets": []}), [BY_LEVEL]),
        (counted(by={"buckets": [{"key": "error", **over_time()}]}), [BY_LEVEL]),
    ],
    ids=["no index", "no index by a field", "no lines", "no values", "a value without lines"],
)
def test_without_lines_there_are_no_series(client: Client, aggregations: list[dict[str, Any]]) -> None:
    assert ask(client, bucketAggs=aggregations) == ([], [])


@pytest.mark.parametrize("kind", ["count", "logs"])
@pytest.mark.parametrize(
    "error, said",
    [(REFUSAL, "answered 400: parsing_exception"), (ConnectionTimeout("too slow"), "could not be asked: too slow")],
    ids=["refused", "not reached"],
)
def test_what_the_client_raises_is_a_backend_error(error: Exception, said: str, kind: str) -> None:
    with pytest.raises(BackendError, match=said):
        ask(Client(error), metrics=[{"type": kind}])

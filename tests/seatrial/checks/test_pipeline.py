from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ClientRow, RequestKey, ServiceCounts
from seatrial.checks.limits import Judged
from seatrial.checks.pipeline import (
    Probe,
    Refused,
    Shipped,
    lag_samples,
    reconcile_elasticsearch,
    telemetry_lag,
    traces_documents,
)
from seatrial.checks.spans import Span
from seatrial.checks.traces import Chosen

OK = RequestKey("GET", "/a", "200")
WELL = Shipped(lines={"web": 10}, acknowledged={"web": 10}, documents=10, requests={"web": Counter({OK: 4})})
COUNTS = {"web": ServiceCounts(Counter({OK: 4}))}


def reconciled(shipped: Shipped, counts: dict[str, ServiceCounts] | None = None, unquiet: str = "") -> Finding:
    return reconcile_elasticsearch(shipped, COUNTS if counts is None else counts, unquiet=unquiet)


def test_each_line_one_document_passes() -> None:
    found = reconciled(WELL)
    assert (found.verdict, found.reason, found.samples) == (Verdict.PASS, "10 lines, each one document", 10)


@pytest.mark.parametrize(
    "change, named",
    [
        ({"lost": ["e1 of web"]}, "1 line lost: acknowledged, and not there, as e1 of web"),
        (
            {"unshipped": ["e1 of web", "e2 of web"], "said": "put off: status 429"},
            "2 lines not shipped in time, as e1 of web",
        ),
        ({"letters": [Refused("web", "e1", "mapper_parsing_exception")]}, "web: mapper_parsing_exception ('e1')"),
        ({"doubled": {"e1": ["day-1", "day-2"]}}, "1 event ids have two documents, as e1 in day-1 and day-2"),
        ({"unknown": ["e9 in day-1"]}, "1 documents have no line on disk, as e9 in day-1"),
        ({"unsound": 1}, "1 line without an id, and no dead letters either"),
        ({"requests": {"web": Counter({OK: 5})}}, "web: GET /a 200: 4 requests counted, 5 documents"),
        ({"requests": {}}, "web: GET /a 200: 4 requests counted, 0 documents"),
    ],
)
def test_what_is_wrong_fails_and_is_named(change: dict[str, object], named: str) -> None:
    found = reconciled(replace(WELL, **change))  # type: ignore[arg-type]
    assert found.verdict is Verdict.FAIL
    assert named in found.reason


def test_the_shippers_last_words_are_quoted() -> None:
    assert (
        "the shipper said last: put off: status 429"
        in reconciled(replace(WELL, unshipped=["e1 of web"], said="put off: status 429")).reason
    )


def test_a_line_that_stands_twice_on_disk_and_once_there_is_mentioned() -> None:
    found = reconciled(replace(WELL, repeated=["e1"]))
    assert found.verdict is Verdict.PASS
    assert "1 lines stand twice on disk" in found.reason


@pytest.mark.parametrize(
    "shipped, unquiet", [(Shipped(obstacle="gone"), ""), (Shipped(), ""), (WELL, "the fleet was not quiet")]
)
def test_no_ground_is_inconclusive(shipped: Shipped, unquiet: str) -> None:
    assert reconciled(shipped, unquiet=unquiet).verdict is Verdict.INCONCLUSIVE


def test_counters_that_were_lost_with_a_process_excuse_more_documents_and_not_fewer() -> None:
    more, fewer = (replace(WELL, requests={"web": Counter({OK: number})}) for number in (5, 3))
    counts = {"web": ServiceCounts(Counter({OK: 4}), reset=True)}
    assert reconciled(more, counts).verdict is Verdict.PASS
    assert reconciled(fewer, counts).verdict is Verdict.FAIL


JUDGED = Judged({}, range(60), 7)


def lag(seconds: float, count: int = 3000) -> list[Probe]:
    random = np.random.default_rng(1)
    times = np.sort(random.uniform(100, 160, count))
    return [Probe("web", float(at), float(at + seconds * random.uniform(0.8, 1.2))) for at in times]


@pytest.mark.parametrize("seconds, verdict", [(1.0, Verdict.PASS), (9.0, Verdict.FAIL)])
def test_the_lag_is_judged_by_its_limit(seconds: float, verdict: Verdict) -> None:
    (found,) = telemetry_lag({"p95": 5.0}, Shipped(probes=lag(seconds)), JUDGED, 100.0, obstacle="")
    assert (found.name, found.verdict) == ("telemetry.lag.p95", verdict)


def test_too_few_probes_decide_nothing() -> None:
    (found,) = telemetry_lag({"p99": 5.0}, Shipped(probes=lag(1.0, 300)), JUDGED, 100.0, obstacle="")
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_line_that_was_never_found_counts_with_the_time_it_was_waited_for() -> None:
    samples = lag_samples(
        [Probe("web", 100.0, 101.0), Probe("web", 101.0, None, 141.0), Probe("web", 102.0, 130.0)], 100.0
    )
    assert samples.latency_seconds.tolist() == [1.0, 40.0, 28.0]
    assert samples.ok.tolist() == [True, False, True]


ROW = ClientRow("t", "c", OK, "ok", "read", started=1000.0, seconds=0.5)
SPANS = [
    Span("t", "front", "f", "c", True, 1000.01, 1000.49),
    Span("t", "front", "call", "f", False, 1000.1, 1000.3),
    Span("t", "back", "b", "call", True, 1000.15, 1000.25),
]


def traced(*spans: Span, row: ClientRow = ROW) -> Finding:
    return traces_documents(
        Chosen([row]), {"read": ["front", "back"]}, Shipped(spans=spans), entry="front", obstacle=""
    )


def test_a_trace_in_order_passes() -> None:
    assert traced(*SPANS).verdict is Verdict.PASS


def test_a_service_without_a_document_is_named() -> None:
    assert traced(*SPANS[:2]).reason == "trace t, read: no document of back"


def moved(number: int, seconds: float) -> list[Span]:
    """All that one span's service tells, as by a clock that is wrong."""
    whose = SPANS[number].service
    return [
        replace(span, begin=span.begin + seconds, end=span.end + seconds) if span.service == whose else span
        for span in SPANS
    ]


@pytest.mark.parametrize("number, seconds", [(2, 3600.0), (2, -5.0), (0, 90.0), (0, -90.0)])
def test_a_clock_that_is_wrong_is_found(number: int, seconds: float) -> None:
    found = traced(*moved(number, seconds))
    assert found.verdict is Verdict.FAIL
    assert SPANS[number].service in found.reason


def test_who_gave_up_waiting_is_outlived() -> None:
    slow = [SPANS[0], SPANS[1], replace(SPANS[2], end=1009.0)]
    assert traced(*slow).verdict is Verdict.PASS


def test_without_any_request_nothing_is_shown() -> None:
    found = traces_documents(Chosen(), {}, Shipped(), entry="front", obstacle="")
    assert found.verdict is Verdict.INCONCLUSIVE

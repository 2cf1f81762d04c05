"""Logs and pipeline: what services say, and whether all of it reaches Elasticsearch in time."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import elasticsearch
from grafana_foundation_sdk.models import elasticsearch as model

from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    BYTES,
    COUNT,
    GOOD,
    HALF,
    LOGS,
    PANEL,
    POOR,
    SECONDS,
    About,
    Query,
    documents,
    figure,
    lines,
    over_time,
)
from dashboards.subject import INTERVAL, Subject

LINES = 200
SERIES = 20
ACKNOWLEDGED, LAG, QUEUE = (
    "seatrial_ship_lines_acknowledged_total",
    "seatrial_ship_lag_seconds",
    "seatrial_ship_queue_bytes",
)
DEAD, AGAIN = "seatrial_ship_lines_dead_lettered_total", "seatrial_ship_lines_sent_again_total"


def page(subject: Subject) -> Page:
    """The whole dashboard; nothing of it where logs are not shipped."""
    rows = [
        Row("Pipeline", [lag_now(), queue_now(), dead_now(), blocked()]),
        Row("On the way", [shipped(), lag(), waiting(), trouble()]),
        Row("What is said", [by_service(subject), errors_by_service(subject)]),
        Row("Lines", [errors(subject), one_trace(subject)]),
    ]
    about = (
        "Log lines on their way to Elasticsearch, and what they say. Put a trace's id into `Trace` to see its lines."
    )
    return Page("logs", "Logs and pipeline", about, rows if subject.log else [], has_logs=True)


def lag_now() -> PANEL:
    """How late the latest are."""
    about = About("Lag", "How old the oldest line is that Elasticsearch does not have.")
    return figure(about, SECONDS, Query(LAG), steps=[(None, GOOD), (5, POOR), (60, BAD)])


def queue_now() -> PANEL:
    """How much waits."""
    return figure(About("Waiting", "Bytes of log files that Elasticsearch does not have."), BYTES, Query(QUEUE))


def dead_now() -> PANEL:
    """Lines that cannot become documents."""
    about = About("Dead letters", "Lines in the time shown that could not become documents.")
    return figure(about, COUNT, Query(f"increase({DEAD}[$__range])"), steps=[(None, GOOD), (1, BAD)])


def blocked() -> PANEL:
    """Whether anything is taken."""
    about = About("Blocked", "1 while Elasticsearch, or a full disk, takes nothing.")
    return figure(about, COUNT, Query("seatrial_ship_blocked"), steps=[(None, GOOD), (1, BAD)])


def shipped() -> PANEL:
    """Read and acknowledged."""
    queries = [
        Query(f"rate(seatrial_ship_lines_read_total{INTERVAL})", "read"),
        Query(f"rate({ACKNOWLEDGED}{INTERVAL})", "acknowledged"),
    ]
    return over_time(
        About("Lines shipped", "Per second, as read from files and as acknowledged by Elasticsearch."),
        COUNT,
        queries,
        width=HALF,
    )


def lag() -> PANEL:
    """Over time."""
    about = About("Lag over time", "How old the oldest line is that Elasticsearch does not have.")
    return over_time(about, SECONDS, [Query(LAG, "oldest line")], limit=60, width=HALF)


def waiting() -> PANEL:
    """Over time."""
    return over_time(
        About("Waiting bytes", "Of log files, that Elasticsearch does not have."),
        BYTES,
        [Query(QUEUE, "bytes")],
        width=HALF,
    )


def trouble() -> PANEL:
    """Repeated, known already, given up."""
    queries = [
        Query(f"rate({AGAIN}{INTERVAL})", "sent again"),
        Query(f"rate(seatrial_ship_lines_duplicate_total{INTERVAL})", "there already"),
        Query(f"rate({DEAD}{INTERVAL})", "dead letters"),
    ]
    about = About(
        "Trouble", "Lines per second that were put off, that were there already, or that cannot become documents."
    )
    return over_time(about, COUNT, queries, width=HALF)


def by_service(subject: Subject) -> PANEL | None:
    """Lines over time."""
    log = subject.log
    if log is None or log.service is None or log.timestamp is None:
        return None
    query = _counted("*", log.timestamp, log.service)
    return documents(
        About("Lines by service", "Documents that Elasticsearch has, by the time of their event."), [query], COUNT
    )


def errors_by_service(subject: Subject) -> PANEL | None:
    """Errors over time."""
    log = subject.log
    if log is None or log.service is None or log.timestamp is None or not _errors(subject):
        return None
    about = About("Errors by service", "Lines of a level that counts as an error.", subject.failing_drill)
    return documents(about, [_counted(_errors(subject), log.timestamp, log.service)], COUNT)


def errors(subject: Subject) -> PANEL | None:
    """The lines themselves."""
    log = subject.log
    if log is None or log.timestamp is None or not _errors(subject):
        return None
    return lines(
        About("Latest errors", "Lines of a level that counts as an error.", subject.failing_drill),
        _raw(_errors(subject), log.timestamp),
    )


def one_trace(subject: Subject) -> PANEL | None:
    """What exemplars lead to."""
    log = subject.log
    if log is None or log.timestamp is None or log.trace is None:
        return None
    about = About("One trace", "All lines of the trace that is chosen above; with `*`, the latest of all.")
    return lines(about, _raw(f"{log.trace}:$trace", log.timestamp))


def _errors(subject: Subject) -> str:
    """Lucene of lines that are errors; empty where nothing tells one."""
    log = subject.log
    if log is None or log.level is None or not log.error_levels:
        return ""
    return f"{log.level}:({' OR '.join(log.error_levels)})"


def _counted(lucene: str, time: str, service: str) -> elasticsearch.Dataquery:
    terms = elasticsearch.Terms().id("2").field(service)
    terms.settings(
        elasticsearch.ElasticsearchTermsSettings()
        .size(str(SERIES))
        .order(model.TermsOrder.DESC)
        .order_by("_count")
        .min_doc_count("1")
    )
    histogram = elasticsearch.DateHistogram().id("3").field(time)
    histogram.settings(elasticsearch.ElasticsearchDateHistogramSettings().interval("auto").min_doc_count("0"))
    return _asked(lucene, time, elasticsearch.Count().id("1")).bucket_aggs([terms, histogram])


def _raw(lucene: str, time: str) -> elasticsearch.Dataquery:
    settings = elasticsearch.ElasticsearchLogsSettings().limit(str(LINES))
    return _asked(lucene, time, elasticsearch.Logs().id("1").settings(settings)).bucket_aggs([])


def _asked(lucene: str, time: str, metric: Any) -> elasticsearch.Dataquery:
    return elasticsearch.Dataquery().ref_id("A").datasource(LOGS).query(lucene).time_field(time).metrics([metric])

"""User journeys: what clients saw, beside what the entry counted of the same requests."""

from __future__ import annotations

from dashboards.page import Page, Row
from dashboards.style import (
    COUNT,
    HALF,
    PANEL,
    PER_SECOND,
    SECONDS,
    SHARE,
    WHOLE,
    About,
    Column,
    Query,
    over_time,
    rows,
)
from dashboards.subject import LOAD_JOURNEYS, LOAD_REQUESTS, PERCENTILES, Subject, joined

WAITED = "Latency counts from the moment at which a request was due."


def page(subject: Subject) -> Page:
    """The whole dashboard."""
    return Page(
        "journeys",
        "User journeys",
        "Each step of the load's journeys, as clients saw it, and the entry's own view of the same requests.",
        [
            Row("Both views", [requests(subject), duration(subject)]),
            Row("Steps", [steps(), by_step(), slow_steps(), failing_steps(subject)]),
            Row("Journeys", [journeys(), failed_journeys(subject)]),
        ],
    )


def requests(subject: Subject) -> PANEL:
    """How many, by who counts."""
    own = joined([each.rate() for each in subject.entry])
    queries = [Query(LOAD_REQUESTS.rate(), "clients"), Query(own, subject.fleet.entry)]
    about = About(
        "Requests",
        "Per second, as clients and as the entry count them: the same, but for who gave up and for health checks.",
    )
    return over_time(about, PER_SECOND, [query for query in queries if query.expr], width=HALF)


def duration(subject: Subject) -> PANEL:
    """How long, by who measures."""
    own = joined([each.quantile(0.95, "job") for each in subject.entry if each.buckets])
    _, limit = subject.entry_limits()
    queries = [Query(LOAD_REQUESTS.quantile(0.95), "clients"), Query(own, subject.fleet.entry)]
    about = About(
        "Duration, 95 %",
        "What lies between the two lines is spent outside the entry: in line, in the network, in the client. The level line is the objective.",
    )
    return over_time(about, SECONDS, [query for query in queries if query.expr], limit=limit, width=HALF)


def steps() -> PANEL:
    """Each step as figures."""
    columns = {
        "step": Column("step"),
        "http_request_method": Column("method"),
        "http_route": Column("route"),
        "A": Column("per second", PER_SECOND),
        "B": Column("half within", SECONDS),
        "C": Column("95 % within", SECONDS),
        "D": Column("99 % within", SECONDS),
    }
    by = ("step", "http_request_method", "http_route")
    wanted = [
        LOAD_REQUESTS.rate(*by),
        *(LOAD_REQUESTS.quantile(share, *by) for share in PERCENTILES.values()),
    ]
    about = About("Steps", f"What clients asked and how long they waited. {WAITED}")
    return rows(about, columns, [Query(each) for each in wanted], width=WHOLE, height=12)


def by_step() -> PANEL:
    """Requests of each step."""
    query = Query(LOAD_REQUESTS.rate("step"), "{{step}}")
    return over_time(About("Requests by step", "Per second, as clients count them."), PER_SECOND, [query], stacked=True)


def slow_steps() -> PANEL:
    """Duration of each step."""
    about = About("Duration by step, 95 %", f"Nineteen of twenty requests took at most this long. {WAITED}")
    return over_time(about, SECONDS, [Query(LOAD_REQUESTS.quantile(0.95, "step"), "{{step}}")])


def failing_steps(subject: Subject) -> PANEL:
    """What clients did not get."""
    query = Query(f"{LOAD_REQUESTS.failures('step', 'outcome')} > 0", "{{step}}: {{outcome}}")
    about = About(
        "Failed requests by step",
        "Answers that were not right, time-outs and errors, per second.",
        subject.failing_drill,
    )
    return over_time(about, PER_SECOND, [query])


def journeys() -> PANEL:
    """Ended ones by kind."""
    query = Query(LOAD_JOURNEYS.rate("journey"), "{{journey}}")
    return over_time(
        About("Journeys by kind", "That have ended, per second."), COUNT, [query], width=HALF, stacked=True
    )


def failed_journeys(subject: Subject) -> PANEL:
    """Those that did not come to their end."""
    limit, _ = subject.entry_limits()
    about = About(
        "Journeys that fail",
        "The share of journeys that a wrong answer, a time-out or the bound of those in flight ended.",
    )
    return over_time(about, SHARE, [Query(LOAD_JOURNEYS.error_ratio(), "failed")], limit=limit, width=HALF)

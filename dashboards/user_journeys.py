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
from dashboards.subject import INTERVAL, Subject, joined

STEPS = "seatrial_load_request_duration_seconds"
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
    own = joined([f"sum({each.rate('job')})" for each in subject.entry])
    queries = [Query(f"sum(rate({STEPS}_count{INTERVAL}))", "clients"), Query(own, subject.fleet.entry)]
    about = About(
        "Requests",
        "Per second, as clients and as the entry count them: the same, but for who gave up and for health checks.",
    )
    return over_time(about, PER_SECOND, [query for query in queries if query.expr], width=HALF)


def duration(subject: Subject) -> PANEL:
    """How long, by who measures."""
    own = joined([each.quantile(0.95, "job") for each in subject.entry if each.buckets])
    _, limit = subject.entry_limits()
    queries = [Query(_quantile(0.95), "clients"), Query(own, subject.fleet.entry)]
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
        f"sum by ({', '.join(by)}) (rate({STEPS}_count{INTERVAL}))",
        *(_quantile(share, *by) for share in (0.5, 0.95, 0.99)),
    ]
    about = About("Steps", f"What clients asked and how long they waited. {WAITED}")
    return rows(about, columns, [Query(each) for each in wanted], width=WHOLE, height=12)


def by_step() -> PANEL:
    """Requests of each step."""
    query = Query(f"sum by (step) (rate({STEPS}_count{INTERVAL}))", "{{step}}")
    return over_time(About("Requests by step", "Per second, as clients count them."), PER_SECOND, [query], stacked=True)


def slow_steps() -> PANEL:
    """Duration of each step."""
    about = About("Duration by step, 95 %", f"Nineteen of twenty requests took at most this long. {WAITED}")
    return over_time(about, SECONDS, [Query(_quantile(0.95, "step"), "{{step}}")])


def failing_steps(subject: Subject) -> PANEL:
    """What clients did not get."""
    query = Query(
        f'sum by (step, outcome) (rate({STEPS}_count{{outcome!="ok"}}{INTERVAL})) > 0', "{{step}}: {{outcome}}"
    )
    about = About(
        "Failed requests by step", "Answers that were not right, time-outs and errors, per second.", _drill(subject)
    )
    return over_time(about, PER_SECOND, [query])


def journeys() -> PANEL:
    """Ended ones by kind."""
    query = Query(f"sum by (journey) (rate(seatrial_load_journeys_total{INTERVAL}))", "{{journey}}")
    return over_time(
        About("Journeys by kind", "That have ended, per second."), COUNT, [query], width=HALF, stacked=True
    )


def failed_journeys(subject: Subject) -> PANEL:
    """Those that did not come to their end."""
    ended = "seatrial_load_journeys_total"
    query = f'(sum(rate({ended}{{outcome!="ok"}}{INTERVAL})) or 0 * sum(rate({ended}{INTERVAL}))) / sum(rate({ended}{INTERVAL}))'
    limit, _ = subject.entry_limits()
    about = About(
        "Journeys that fail",
        "The share of journeys that a wrong answer, a time-out or the bound of those in flight ended.",
    )
    return over_time(about, SHARE, [Query(query, "failed")], limit=limit, width=HALF)


def _quantile(share: float, *by: str) -> str:
    return f"histogram_quantile({share:g}, sum by ({', '.join((*by, 'le'))}) (rate({STEPS}_bucket{INTERVAL})))"


def _drill(subject: Subject) -> str:
    return subject.drill_of(*(each.series for each in subject.requests))

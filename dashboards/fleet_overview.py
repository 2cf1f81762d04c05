"""Fleet overview: does it hold up, and where not."""

from __future__ import annotations

from dashboards import red
from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    COUNT,
    GOOD,
    HALF,
    PANEL,
    PER_SECOND,
    POOR,
    SECONDS,
    SHARE,
    WHOLE,
    About,
    Column,
    Query,
    bars,
    figure,
    graph,
    over_time,
    rows,
)
from dashboards.subject import CHOSEN, FIRING, Subject, joined

ROUTES = 10


def page(subject: Subject) -> Page:
    """The whole dashboard."""
    return Page(
        "fleet",
        "Fleet overview",
        "All services at once: requests, errors, duration, budgets, calls.",
        [
            Row(
                "Now",
                [answering(subject), rate(subject), failing(subject), slow(subject), alerts(subject), load(subject)],
            ),
            Row("Requests, errors, duration", [red.requests(subject), red.errors(subject), red.duration(subject)]),
            Row("Budgets", [burning(subject), burn_rates(subject), objectives(subject)]),
            Row("Calls between services", [call_map(subject), calls(subject)]),
            Row("Busiest routes", [busiest(subject), failing_routes(subject)]),
        ],
        jobs=subject.jobs,
    )


def answering(subject: Subject) -> PANEL:
    """Replicas that answer Prometheus."""
    about = About("Replicas that answer", "The share of replicas whose metrics Prometheus gets.")
    return figure(about, SHARE, Query(f"avg({subject.target('up')})"), steps=[(None, BAD), (1, GOOD)])


def rate(subject: Subject) -> PANEL | None:
    """Of all services."""
    query = joined([each.rate("job") for each in subject.requests])
    return (
        figure(About("Requests", "Answers per second, over all services."), PER_SECOND, Query(f"sum({query})"))
        if query
        else None
    )


def failing(subject: Subject) -> PANEL | None:
    """The worst service."""
    query = joined([each.error_ratio("job") for each in subject.requests if each.status])
    limit, _ = subject.entry_limits()
    about = About("Failed answers", "The share of 5xx at the service that has most of them.")
    return figure(about, SHARE, Query(f"max({query})"), steps=[(None, GOOD), (limit or 0.01, BAD)]) if query else None


def slow(subject: Subject) -> PANEL | None:
    """The slowest service."""
    query = joined([each.quantile(0.95, "job") for each in subject.requests if each.buckets])
    _, limit = subject.entry_limits()
    steps = [(None, GOOD), (limit, BAD)] if limit is not None else [(None, GOOD)]
    about = About("Slowest service, 95 %", "Nineteen of twenty of its answers took at most this long.")
    return figure(about, SECONDS, Query(f"max({query})"), steps=steps) if query else None


def alerts(subject: Subject) -> PANEL | None:
    """How many fire."""
    if not subject.severities:
        return None
    query = Query(f"count({FIRING}) or vector(0)")
    about = About("Firing alerts", "Those that somebody is told of.")
    return figure(about, COUNT, query, steps=[(None, GOOD), (1, BAD)])


def load(subject: Subject) -> PANEL | None:
    """Requests under way."""
    query = joined([f"{name}{{{CHOSEN}}}" for name in subject.plain("active_requests")])
    about = About("Requests under way", "Those that services are answering now.")
    return figure(about, COUNT, Query(f"sum({query})")) if query else None


def burning(subject: Subject) -> PANEL | None:
    """How much of each budget the shown time took."""
    if not subject.objectives:
        return None
    query = Query(
        'avg_over_time((slo:current_burn_rate:ratio{sloth_service=~"$job"} >= 0)[$__range:$__interval])',
        "{{sloth_service}} {{sloth_slo}}",
    )
    about = About(
        "Budget spent",
        "How fast each budget of errors was spent in the time shown: at 1 exactly all of it would be, at the end of its period.",
    )
    return bars(about, COUNT, query, steps=[(None, GOOD), (0.8, POOR), (1, BAD)])


def burn_rates(subject: Subject) -> PANEL | None:
    """Over time."""
    if not subject.objectives:
        return None
    query = Query('slo:current_burn_rate:ratio{sloth_service=~"$job"}', "{{sloth_service}} {{sloth_slo}}")
    about = About(
        "Burn rates", "How many times too fast each budget is being spent; above the line nothing would be left of it."
    )
    return over_time(about, COUNT, [query], limit=1, width=HALF)


def objectives(subject: Subject) -> PANEL | None:
    """As written, and as kept."""
    if not subject.objectives:
        return None
    by = 'sloth_service=~"$job"'
    columns = {
        "sloth_service": Column("service"),
        "sloth_slo": Column("objective"),
        "A": Column("asked", SHARE),
        "B": Column("bad", SHARE),
        "C": Column("burn rate", COUNT),
    }
    ratio = f"slo:current_burn_rate:ratio{{{by}}} * on (sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio{{{by}}}"
    wanted = [
        f"max by (sloth_service, sloth_slo) ({each})"
        for each in (f"slo:objective:ratio{{{by}}}", ratio, f"slo:current_burn_rate:ratio{{{by}}}")
    ]
    about = About(
        "Objectives",
        "What is asked of good events, what is bad over the shortest window, and how fast that spends the budget.",
    )
    return rows(about, columns, [Query(each) for each in wanted], width=WHOLE)


def call_map(subject: Subject) -> PANEL | None:
    """Who calls whom."""
    if not (subject.calls and subject.requests):
        return None
    nodes = joined(
        [
            f'label_replace(label_replace({each.rate("job")}, "id", "$1", "job", "(.+)"), "title", "$1", "job", "(.+)")'
            for each in subject.requests
        ]
    )
    edges = joined(
        [
            f'label_join(label_replace(label_replace({each.rate("job", each.callee)}, "source", "$1", "job", "(.+)"), "target", "$1", "{each.callee}", "(.+)"), "id", " ", "job", "{each.callee}")'
            for each in subject.calls
        ]
    )
    return graph(
        About("Map of calls", "Requests per second of each service, and of each call between two."),
        Query(nodes),
        Query(edges),
    )


def calls(subject: Subject) -> PANEL | None:
    """Each edge as figures."""
    if not subject.calls:
        return None
    columns = {"job": Column("from"), **{each.callee: Column("to") for each in subject.calls}}
    columns |= {
        "A": Column("per second", PER_SECOND),
        "B": Column("failed", SHARE),
        "C": Column("95 % within", SECONDS),
    }
    wanted = [
        joined([each.rate("job", each.callee) for each in subject.calls]),
        joined([each.error_ratio("job", each.callee) for each in subject.calls]),
        joined([each.quantile(0.95, "job", each.callee) for each in subject.calls if each.buckets]),
    ]
    about = About("Calls", "Attempts, as their callers count them; one without an answer has failed.")
    return rows(about, columns, [Query(each) for each in wanted if each], height=16)


def busiest(subject: Subject) -> PANEL | None:
    """Routes by requests."""
    found = [each for each in subject.requests if each.route]
    if not found:
        return None
    labels = [(each, ("job", each.route, *((each.method,) if each.method else ()))) for each in found]
    columns = {"job": Column("service"), **{each.method: Column("method") for each in found if each.method}}
    columns |= {each.route: Column("route") for each in found}
    columns |= {"A": Column("per second", PER_SECOND), "B": Column("95 % within", SECONDS)}
    most = joined([f"topk({ROUTES}, {each.rate(*by)})" for each, by in labels])
    slow = joined(
        [f"{each.quantile(0.95, *by)} and topk({ROUTES}, {each.rate(*by)})" for each, by in labels if each.buckets]
    )
    about = About("Busiest routes", f"The {ROUTES} routes with most requests, over all services.")
    return rows(about, columns, [Query(each) for each in (most, slow) if each])


def failing_routes(subject: Subject) -> PANEL | None:
    """Routes by failures."""
    found = [each for each in subject.requests if each.route and each.status]
    if not found:
        return None
    columns = {
        "job": Column("service"),
        **{each.route: Column("route") for each in found},
        "A": Column("failures per second", PER_SECOND),
    }
    query = joined([f"topk({ROUTES}, {each.failures('job', each.route)} > 0)" for each in found])
    about = About(
        "Failing routes",
        f"The {ROUTES} routes with most 5xx answers.",
        subject.failing_drill,
    )
    return rows(about, columns, [Query(query)])

"""Service: one service, or some of them, down to its replicas."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    BYTES,
    CORES,
    COUNT,
    GOOD,
    HALF,
    PANEL,
    PER_SECOND,
    QUARTER,
    SECONDS,
    SHARE,
    THIRD,
    UNBORN,
    About,
    Column,
    Query,
    over_time,
    rows,
    states,
)
from dashboards.subject import CHOSEN, INTERVAL, PERCENTILES, Subject, joined, legend
from seatrial.project.telemetry import Metric

REPLICA = "{{instance}}"


def page(subject: Subject) -> Page:
    """The whole dashboard."""
    return Page(
        "service",
        "Service",
        "What a service answers, what it uses, whom it calls, and what it counts of its own work.",
        [
            Row(
                "Requests, errors, duration",
                [routes(subject), statuses(subject), failing(subject), duration(subject), slow_routes(subject)],
            ),
            Row(
                "Saturation",
                [threads(subject), active(subject), cpu(subject), memory(subject), files(subject), store(subject)],
            ),
            Row("Calls to other services", [calls(subject), failed_calls(subject), slow_calls(subject)]),
            Row("Its own work", list(work(subject))),
            Row("Replicas", [up(subject), age(subject), scrapes(subject)]),
        ],
        jobs=subject.jobs,
    )


def routes(subject: Subject) -> PANEL | None:
    """Requests by route."""
    found = [each for each in subject.requests if each.route]
    query = joined([each.rate(each.route) for each in found])
    shown = legend(*(each.route for each in found))
    about = About("Requests by route", "Answers per second; a route is the URL's template, never the path.")
    return over_time(about, PER_SECOND, [Query(query, shown)], stacked=True) if query else None


def statuses(subject: Subject) -> PANEL | None:
    """Requests by status."""
    found = [each for each in subject.requests if each.status]
    query = joined([each.rate(each.status) for each in found])
    shown = legend(*(each.status for each in found))
    return (
        over_time(About("Answers by status", "Per second."), PER_SECOND, [Query(query, shown)], stacked=True)
        if query
        else None
    )


def failing(subject: Subject) -> PANEL | None:
    """Of each replica."""
    query = joined([each.error_ratio("instance") for each in subject.requests if each.status])
    about = About("Failed answers", "The share of 5xx among each replica's answers.")
    return over_time(about, SHARE, [Query(query, REPLICA)]) if query else None


def duration(subject: Subject) -> PANEL | None:
    """Percentiles beside what the objectives ask."""
    found = [each for each in subject.requests if each.buckets]
    queries = [
        Query(
            joined([each.quantile(share, "job") for each in found]),
            f"{{{{job}}}} {name}",
            exemplar=share == PERCENTILES["99 %"],
        )
        for name, share in PERCENTILES.items()
    ]
    asked = [
        Query(f'max(up{{job=~"$job", job="{service}"}} * 0 + {limit:g})', f"asked of {service}: 95 %")
        for service, limit in subject.latency_limits().items()
    ]
    about = About(
        "Duration",
        "Half, 95 % and 99 % of answers took at most this long, estimated within a bucket. Level lines are objectives. "
        "Points are single requests: each leads to its log lines.",
    )
    return over_time(about, SECONDS, [*queries, *asked], width=HALF) if found else None


def slow_routes(subject: Subject) -> PANEL | None:
    """Duration by route."""
    found = [each for each in subject.requests if each.buckets and each.route]
    query = joined([each.quantile(0.95, each.route) for each in found])
    shown = legend(*(each.route for each in found))
    about = About("Duration by route, 95 %", "Nineteen of twenty answers took at most this long.")
    return over_time(about, SECONDS, [Query(query, shown)], width=HALF) if query else None


def threads(subject: Subject) -> PANEL | None:
    """Busy request threads."""
    query = joined([f"{metric}{{{CHOSEN}}} / {limit}{{{CHOSEN}}}" for metric, limit in subject.bounded("busy")])
    about = About("Busy threads", "The share of a replica's request threads at work: at 1 requests wait in line.")
    return over_time(about, SHARE, [Query(query, REPLICA)], limit=0.8) if query else None


def active(subject: Subject) -> PANEL | None:
    """Requests under way."""
    query = joined([f"{name}{{{CHOSEN}}}" for name in subject.plain("active_requests")])
    return (
        over_time(About("Requests under way", "Of each replica, those in line too."), COUNT, [Query(query, REPLICA)])
        if query
        else None
    )


def cpu(subject: Subject) -> PANEL | None:
    """Cores used."""
    query = joined([f"rate({name}{{{CHOSEN}}}{INTERVAL})" for name in subject.plain("cpu_seconds")])
    about = About("CPU", "Cores that each replica uses.")
    return over_time(about, CORES, [Query(query, REPLICA)], limit=subject.fleet.cores_per_replica) if query else None


def memory(subject: Subject) -> PANEL | None:
    """Resident memory."""
    query = joined([f"{name}{{{CHOSEN}}}" for name in subject.plain("resident_bytes")])
    return over_time(About("Memory", "Resident, of each replica."), BYTES, [Query(query, REPLICA)]) if query else None


def files(subject: Subject) -> PANEL | None:
    """Open files."""
    query = joined([f"{metric}{{{CHOSEN}}} / {limit}{{{CHOSEN}}}" for metric, limit in subject.bounded("descriptors")])
    about = About("Open files", "The share of the descriptors that each replica may open.")
    return over_time(about, SHARE, [Query(query, REPLICA)]) if query else None


def store(subject: Subject) -> PANEL | None:
    """Waiting for the store."""
    query = joined([f"sum by (job) (rate({name}{{{CHOSEN}}}{INTERVAL}))" for name in subject.stores()])
    about = About(
        "Waiting for the store", "Seconds that a service's writers wait for their turn, each second, all together."
    )
    return over_time(about, SECONDS, [Query(query, "{{job}}")]) if query else None


def _edge(subject: Subject) -> str:
    return "{{job}} to " + legend(*(each.callee for each in subject.calls))


def calls(subject: Subject) -> PANEL | None:
    """Attempts by callee."""
    query = joined([each.rate("job", each.callee) for each in subject.calls])
    about = About("Calls", "Attempts per second, as the caller counts them.")
    return over_time(about, PER_SECOND, [Query(query, _edge(subject))]) if query else None


def failed_calls(subject: Subject) -> PANEL | None:
    """Failed ones by callee."""
    query = joined([each.error_ratio("job", each.callee) for each in subject.calls])
    about = About("Failed calls", "The share of attempts that ended in a 5xx, or without an answer.")
    return over_time(about, SHARE, [Query(query, _edge(subject))]) if query else None


def slow_calls(subject: Subject) -> PANEL | None:
    """Their duration by callee."""
    query = joined([each.quantile(0.95, "job", each.callee) for each in subject.calls if each.buckets])
    about = About("Duration of calls, 95 %", "Nineteen of twenty attempts took at most this long.")
    return over_time(about, SECONDS, [Query(query, _edge(subject))]) if query else None


def work(subject: Subject) -> Iterator[PANEL]:
    """A panel for each metric that only this fleet knows the meaning of; the contract's text explains it."""
    pending = [name for name in subject.plain_lists("pending_work") if name in subject.telemetry.metrics]
    own = dict(subject.others()) | {name: subject.telemetry.metrics[name] for name in pending}
    for name, metric in sorted(own.items()):
        yield _own(name, metric)


def _own(name: str, metric: Metric) -> PANEL:
    by = ("job", *metric.labels)
    shown = ": ".join(
        ["{{job}}", *([" ".join(f"{{{{{label}}}}}" for label in metric.labels)] if metric.labels else [])]
    )
    text = metric.help or f"{name}, as the contract declares it."
    # A series with labels is born with its first event, and not every load brings that.
    about = About(_title(name), text, UNBORN if metric.labels else "")
    unit = SECONDS if "_seconds" in name else BYTES if "_bytes" in name else COUNT
    if metric.type == "counter":
        query, unit = (
            f"sum by ({', '.join(by)}) (rate({name}{{{CHOSEN}}}{INTERVAL}))",
            PER_SECOND if unit == COUNT else unit,
        )
    elif metric.type == "histogram":
        query = (
            f"histogram_quantile(0.95, sum by ({', '.join((*by, 'le'))}) (rate({name}_bucket{{{CHOSEN}}}{INTERVAL})))"
        )
    elif metric.type == "summary":
        query = f"sum by ({', '.join(by)}) (rate({name}_count{{{CHOSEN}}}{INTERVAL}))"
    else:
        query = f"max by ({', '.join(by)}) ({name}{{{CHOSEN}}})"
    return over_time(about, unit, [Query(query, shown)], width=THIRD)


def _title(name: str) -> str:
    words = name.removesuffix("_total").removesuffix("_seconds").removesuffix("_bytes").replace("_", " ")
    return words[:1].upper() + words[1:]


def up(subject: Subject) -> PANEL:
    """Whether Prometheus gets its metrics."""
    about = About("Answers Prometheus", "Whether each replica's metrics could be fetched.")
    return states(
        about, Query(subject.target("up"), REPLICA), {"0": ("does not answer", BAD), "1": ("answers", GOOD)}, width=HALF
    )


def age(subject: Subject) -> PANEL | None:
    """Since when each process runs."""
    query = joined([f"time() - {name}{{{CHOSEN}}}" for name in subject.plain("process_start")])
    columns = {"job": Column("service"), "instance": Column("replica"), "A": Column("runs for", SECONDS)}
    about = About("Running for", "Since each replica's process has started; one that restarts begins anew.")
    return rows(about, columns, [Query(query)], width=QUARTER) if query else None


def scrapes(subject: Subject) -> PANEL:
    """What it costs to be looked at."""
    about = About("Time of a scrape", "How long a replica takes to tell its metrics.")
    return over_time(about, SECONDS, [Query(subject.target("scrape_duration_seconds"), REPLICA)], width=QUARTER)

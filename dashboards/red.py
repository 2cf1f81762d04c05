"""Panels of requests, errors and duration, which several dashboards show."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from dashboards.style import PER_SECOND, SECONDS, SHARE, About, Query, over_time
from dashboards.subject import Subject, joined


def requests(subject: Subject) -> timeseries.Panel | None:
    """By service."""
    query = joined([each.rate("job") for each in subject.requests])
    about = About("Requests by service", "Answers per second, as each service counts them.")
    return over_time(about, PER_SECOND, [Query(query, "{{job}}")]) if query else None


def errors(subject: Subject) -> timeseries.Panel | None:
    """By service."""
    query = joined([each.error_ratio("job") for each in subject.requests if each.status])
    about = About(
        "Failed answers by service", "The share of 5xx among a service's answers; the line is the entry's objective."
    )
    limit, _ = subject.entry_limits()
    return over_time(about, SHARE, [Query(query, "{{job}}")], limit=limit) if query else None


def duration(subject: Subject) -> timeseries.Panel | None:
    """By service."""
    query = joined([each.quantile(0.95, "job") for each in subject.requests if each.buckets])
    about = About(
        "Duration by service, 95 %",
        "Nineteen of twenty answers took at most this long, estimated within a bucket; the line is the entry's objective. "
        "Points are single requests: each leads to its log lines.",
    )
    _, limit = subject.entry_limits()
    queries = [Query(query, "{{job}}", exemplar=True)]
    return over_time(about, SECONDS, queries, limit=limit) if query else None

"""Prometheus itself: whether it sees all that it should, and what it needs for it."""

from __future__ import annotations

from dashboards.alerts_and_drills import evaluations
from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    BYTES,
    COUNT,
    GOOD,
    HALF,
    PANEL,
    SECONDS,
    SHARE,
    THIRD,
    WHOLE,
    About,
    Query,
    figure,
    over_time,
    states,
)
from dashboards.subject import INTERVAL, Subject


def page(subject: Subject) -> Page:
    """The whole dashboard; nothing of it where nothing is scraped."""
    rows = [
        Row("Now", [answering(), slowest(), series(), memory_now()]),
        Row("Targets", [targets(), durations(), samples()]),
        Row("Itself", [appended(), rules(subject), evaluations() if subject.severities else None]),
    ]
    about = "Whether Prometheus sees all targets, and what it needs to do so."
    return Page("prometheus", "Prometheus itself", about, rows if subject.project.prometheus else [])


def answering() -> PANEL:
    """Targets that answer."""
    about = About("Targets that answer", "The share of all targets, those of Prometheus and Alertmanager too.")
    return figure(about, SHARE, Query('avg(up{job!="seatrial-load"})'), steps=[(None, BAD), (1, GOOD)])


def slowest() -> PANEL:
    """The slowest scrape."""
    about = About("Slowest scrape", "A scrape that reaches the time-out is lost.")
    return figure(about, SECONDS, Query("max(scrape_duration_seconds)"), steps=[(None, GOOD), (0.5, BAD)])


def series() -> PANEL:
    """How much it holds."""
    return figure(About("Series", "That Prometheus holds in memory."), COUNT, Query("sum(prometheus_tsdb_head_series)"))


def memory_now() -> PANEL:
    """Its memory."""
    query = Query('sum(go_memstats_alloc_bytes{job="prometheus"})')
    return figure(About("Memory", "That Prometheus has allocated."), BYTES, query)


def targets() -> PANEL:
    """When which target answered."""
    about = About("Targets", "Whether each answered. A load is a target while it runs.")
    return states(
        about, Query("up", "{{instance}}"), {"0": ("does not answer", BAD), "1": ("answers", GOOD)}, width=WHOLE
    )


def durations() -> PANEL:
    """Time of scrapes."""
    about = About("Time of scrapes", "How long each target takes to tell its metrics.")
    return over_time(about, SECONDS, [Query("scrape_duration_seconds", "{{instance}}")], width=HALF)


def samples() -> PANEL:
    """Size of scrapes."""
    about = About(
        "Samples of a scrape", "How many values each target tells; one that grows without end has labels without end."
    )
    return over_time(about, COUNT, [Query("scrape_samples_scraped", "{{instance}}")], width=HALF)


def appended() -> PANEL:
    """What comes in."""
    query = Query(f"sum(rate(prometheus_tsdb_head_samples_appended_total{INTERVAL}))", "samples")
    return over_time(About("Samples", "That come in per second."), COUNT, [query], width=THIRD)


def rules(subject: Subject) -> PANEL | None:
    """What rules cost."""
    if not subject.severities:
        return None
    query = Query("sum(prometheus_rule_group_last_duration_seconds)", "all groups")
    return over_time(
        About("Evaluation of rules", "Seconds that the last round took, all groups together."),
        SECONDS,
        [query],
        width=THIRD,
    )

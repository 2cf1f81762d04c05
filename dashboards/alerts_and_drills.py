"""Alerts and drills: what fires, whether anybody is told, and how each alert is proven."""

from __future__ import annotations

from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    COUNT,
    GOOD,
    HALF,
    PANEL,
    POOR,
    THIRD,
    WHOLE,
    About,
    Column,
    Query,
    figure,
    over_time,
    prose,
    rows,
    states,
)
from dashboards.subject import FIRING, INTERVAL, Subject

LONGEST_LIST = 26


def page(subject: Subject) -> Page:
    """The whole dashboard; nothing of it where there are no alerts."""
    rows_ = [
        Row("Now", [firing_now(), pending_now(), watchdog(subject), sent_now(subject)]),
        Row("What fires", [firing(subject), over(subject)]),
        Row("Whether anybody is told", [notifications(subject), lost(subject), evaluations()]),
        Row("Drills", [drills(subject)]),
    ]
    about = "What fires, whether anybody is told of it, and what makes each alert fire."
    return Page("alerts", "Alerts and drills", about, rows_ if subject.severities else [])


def firing_now() -> PANEL:
    """How many."""
    about = About("Firing", "Alerts that somebody is told of.")
    return figure(about, COUNT, Query(f"count({FIRING}) or vector(0)"), steps=[(None, GOOD), (1, BAD)])


def pending_now() -> PANEL:
    """Those that may come to fire."""
    about = About("Pending", "Alerts whose condition holds, and has not held for long enough.")
    return figure(
        about, COUNT, Query('count(ALERTS{alertstate="pending"}) or vector(0)'), steps=[(None, GOOD), (1, POOR)]
    )


def watchdog(subject: Subject) -> PANEL | None:
    """The dead man's switch."""
    if "none" not in subject.severities:
        return None
    about = About(
        "Dead man's switch",
        "1 while the alert fires that fires always: whoever hears it no more knows that nobody would be told of anything.",
    )
    query = 'count(ALERTS{alertstate="firing", severity="none"}) or vector(0)'
    return figure(about, COUNT, Query(query), steps=[(None, BAD), (1, GOOD)])


def sent_now(subject: Subject) -> PANEL | None:
    """Notifications."""
    if subject.project.alertmanager is None:
        return None
    about = About("Notifications", "That Alertmanager sent in the time shown.")
    return figure(about, COUNT, Query("sum(increase(alertmanager_notifications_total[$__range]))"))


def firing(subject: Subject) -> PANEL:
    """Each of them."""
    columns = {
        "severity": Column("severity"),
        "alertname": Column("alert"),
        "service": Column("service"),
        "A": Column("series", COUNT),
    }
    query = Query(f"count by (severity, alertname, service) ({FIRING})")
    return rows(
        About("Firing alerts", "Each leads to a runbook of its name.", subject.drill_of("up{")),
        columns,
        [query],
        width=HALF,
    )


def over(subject: Subject) -> PANEL:
    """When which alert fired."""
    query = Query(f"max by (alertname, service) ({FIRING})", "{{alertname}} {{service}}")
    about = About("When they fired", "Each alert, while it fired.", subject.drill_of("up{"))
    return states(about, query, {"1": ("fires", BAD)}, width=HALF)


def notifications(subject: Subject) -> PANEL | None:
    """Sent ones over time."""
    if subject.project.alertmanager is None:
        return None
    query = Query(f"sum(rate(alertmanager_notifications_total{INTERVAL}))", "sent")
    return over_time(
        About("Notifications over time", "That Alertmanager sends, per second."), COUNT, [query], width=THIRD
    )


def lost(subject: Subject) -> PANEL | None:
    """What does not arrive."""
    if subject.project.alertmanager is None:
        return None
    queries = [
        Query(f"sum(rate(prometheus_notifications_errors_total{INTERVAL}))", "Prometheus to Alertmanager"),
        Query(f"sum(rate(alertmanager_notifications_failed_total{INTERVAL}))", "Alertmanager to the receiver"),
    ]
    return over_time(
        About("Notifications that fail", "Per second: nobody is told of these."), COUNT, queries, width=THIRD
    )


def evaluations() -> PANEL:
    """Rules that cannot be evaluated."""
    query = Query(f"sum(rate(prometheus_rule_evaluation_failures_total{INTERVAL}))", "failures")
    return over_time(
        About("Evaluations that fail", "Of rules, per second: an alert that cannot be evaluated never fires."),
        COUNT,
        [query],
        width=THIRD,
    )


def drills(subject: Subject) -> PANEL | None:
    """What makes each alert fire, from drills.yml."""
    if subject.project.drills is None:
        return None
    rows_ = [
        f"| {each.alert} | {each.deed} | `seatrial drill {each.alert}` |" for each in subject.project.drills.drills
    ]
    lines = ["| alert | what makes it fire | proof |", "|---|---|---|", *rows_]
    return prose("Drills", "\n".join(lines), width=WHOLE, height=min(LONGEST_LIST, 3 + len(lines)))

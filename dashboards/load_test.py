"""Load test: whether the load was what it was meant to be, and what came of it."""

from __future__ import annotations

from dashboards.page import Page, Row
from dashboards.style import (
    BAD,
    COUNT,
    GOOD,
    HALF,
    PANEL,
    PER_SECOND,
    SECONDS,
    SHARE,
    WHOLE,
    About,
    Query,
    figure,
    over_time,
    states,
)
from dashboards.subject import INTERVAL, LOAD_JOURNEYS, LOAD_LAG, LOAD_REQUESTS, PERCENTILES, Subject

# As a profile's validity has it by default.
LATEST = 0.025


def page(_: Subject) -> Page:
    """The whole dashboard, of any fleet: a load tells the same of each."""
    return Page(
        "load",
        "Load test",
        "Arrivals, completions and the generator itself; stages of the load are marked.",
        [
            Row("Now", [offered(), in_flight_now(), answered(), failing(), late()]),
            Row("Arrivals and completions", [arrivals(), in_flight()]),
            Row("What came of it", [requests(), duration(), outcomes()]),
            Row("The generator", [lag(), shed(), stages()]),
        ],
    )


def offered() -> PANEL:
    """The plan."""
    return figure(About("Offered", "Journeys per second that are planned now."), COUNT, Query("seatrial_load_offered"))


def in_flight_now() -> PANEL:
    """Journeys under way."""
    return figure(About("In flight", "Journeys under way."), COUNT, Query("seatrial_load_journeys_in_flight"))


def answered() -> PANEL:
    """Requests per second."""
    return figure(About("Requests", "Ended per second."), PER_SECOND, Query(LOAD_REQUESTS.rate()))


def failing() -> PANEL:
    """The share of failures."""
    about = About("Failed requests", "The share of requests that had no right answer.")
    return figure(about, SHARE, Query(LOAD_REQUESTS.error_ratio()), steps=[(None, GOOD), (0.01, BAD)])


def late() -> PANEL:
    """Whether the generator keeps up."""
    about = About(
        "Dispatch lag, 99 %", "How late journeys were begun: beyond the limit the load says nothing of the fleet."
    )
    return figure(about, SECONDS, Query(LOAD_LAG.quantile(0.99)), steps=[(None, GOOD), (LATEST, BAD)])


def arrivals() -> PANEL:
    """Plan, arrivals, completions."""
    queries = [
        Query("seatrial_load_offered", "planned"),
        Query(f"rate(seatrial_load_arrivals_total{INTERVAL})", "arrived"),
        Query(LOAD_JOURNEYS.rate(), "ended"),
    ]
    about = About(
        "Journeys",
        "Per second. Arrivals do not wait for answers: where completions fall behind, the fleet cannot follow.",
    )
    return over_time(about, COUNT, queries, width=HALF)


def in_flight() -> PANEL:
    """How many at a time."""
    about = About("Journeys in flight", "Those that have begun and not ended; they grow when the fleet cannot follow.")
    return over_time(about, COUNT, [Query("seatrial_load_journeys_in_flight", "in flight")], width=HALF)


def requests() -> PANEL:
    """Requests that ended."""
    query = Query(LOAD_REQUESTS.rate(), "ended")
    return over_time(About("Requests", "Ended per second."), PER_SECOND, [query])


def duration() -> PANEL:
    """Percentiles over all steps."""
    queries = [Query(LOAD_REQUESTS.quantile(share), name) for name, share in PERCENTILES.items()]
    about = About("Latency", "From the moment a request was due, so that waiting for a stalled fleet counts.")
    return over_time(about, SECONDS, queries)


def outcomes() -> PANEL:
    """Right answers and all else."""
    query = Query(LOAD_REQUESTS.rate("outcome"), "{{outcome}}")
    return over_time(About("Outcomes", "Requests per second by what came of them."), PER_SECOND, [query], stacked=True)


def lag() -> PANEL:
    """From due to begun."""
    queries = [Query(LOAD_LAG.quantile(PERCENTILES[name]), name) for name in ("half", "99 %")]
    about = About(
        "Dispatch lag",
        "From the moment a journey was due to its start; above the line the load is no basis for a verdict.",
    )
    return over_time(about, SECONDS, queries, limit=LATEST, width=HALF)


def shed() -> PANEL:
    """Journeys that were not begun."""
    about = About(
        "Shed journeys", "Per second: not begun, since too many were in flight. They count as failures of the fleet."
    )
    return over_time(about, COUNT, [Query(f"rate(seatrial_load_shed_total{INTERVAL})", "shed")], width=HALF)


def stages() -> PANEL:
    """Which stage ran when."""
    about = About("Stages", "Of the profile; the drain comes last.")
    return states(
        about,
        Query("seatrial_load_stage", "{{stage}}"),
        {"0": ("over", "transparent"), "1": ("runs", "blue")},
        width=WHOLE,
    )

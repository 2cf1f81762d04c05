"""What a load counts for Prometheus while it runs, so that dashboards show the client's view beside the servers'.

Owns names and meanings; docs/cli/load.md lists them. Leaves reading rows to `progress`, and the port to `exporter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "seatrial_load"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
LAG_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
ARRIVALS = ("planned", "shed")


class Gauges:
    """All metrics of one load; a registry of its own, without those of the process that shows them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stage = ""
        self._seen = dict.fromkeys(ARRIVALS, 0)
        self.requests = Histogram(
            f"{PREFIX}_request_duration_seconds",
            "From the moment a request was due to its end, as its client saw it.",
            ("step", "http_request_method", "http_route", "outcome"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.lag = Histogram(
            f"{PREFIX}_dispatch_lag_seconds",
            "From the moment a journey was due to its start.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self.journeys = Counter(
            f"{PREFIX}_journeys", "Journeys that have ended.", ("journey", "outcome"), registry=self.registry
        )
        self.arrivals = Counter(f"{PREFIX}_arrivals", "Journeys that were due, shed ones too.", registry=self.registry)
        self.shed = Counter(
            f"{PREFIX}_shed", "Journeys that were not begun: too many were in flight.", registry=self.registry
        )
        self.offered = Gauge(f"{PREFIX}_offered", "Journeys per second planned now.", registry=self.registry)
        self.in_flight = Gauge(f"{PREFIX}_journeys_in_flight", "Journeys under way.", registry=self.registry)
        self.stage = Gauge(f"{PREFIX}_stage", "1 for the stage that runs now.", ("stage",), registry=self.registry)

    def request(self, row: Mapping[str, str], latency: float) -> None:
        """Count a row of the requests' file; `latency` in seconds."""
        self.requests.labels(row["step"], row["method"], row["route"], row["outcome"]).observe(latency)

    def journey(self, row: Mapping[str, str]) -> None:
        """Count a row of the journeys' file."""
        if row["started"]:
            self.lag.observe(float(row["started"]) - float(row["scheduled"]))
        self.journeys.labels(row["journey"], row["outcome"]).inc()

    def stands(self, stage: str, offered: int, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Where the load is now, by the generators' `accounts` of themselves."""
        self.offered.set(offered)
        self.in_flight.set(sum(account["in_flight"] for account in accounts))
        for name, counter in zip(ARRIVALS, (self.arrivals, self.shed), strict=True):
            total = sum(int(account[name]) for account in accounts)
            counter.inc(max(0, total - self._seen[name]))
            self._seen[name] = max(total, self._seen[name])
        if stage != self._stage:
            if self._stage:
                self.stage.labels(self._stage).set(0)
            self.stage.labels(stage).set(1)
            self._stage = stage

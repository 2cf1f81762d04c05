"""What the parts of a stack that are no services tell of themselves, as far as alerts and dashboards ask."""

from __future__ import annotations

from collections.abc import Collection

from seatrial.project.telemetry import Metric, Telemetry

PROMETHEUS, ALERTMANAGER, SHIPPER, LOAD = "prometheus", "alertmanager", "seatrial-ship", "seatrial-load"
_COUNTER = {
    "prometheus_notifications_errors_total": ("alertmanager",),
    "prometheus_notifications_sent_total": ("alertmanager",),
    "prometheus_rule_evaluation_failures_total": ("rule_group",),
    "prometheus_tsdb_head_samples_appended_total": ("type",),
    "alertmanager_notifications_total": ("integration",),
    "alertmanager_notifications_failed_total": ("integration",),
    "seatrial_ship_lines_read_total": (),
    "seatrial_ship_lines_acknowledged_total": (),
    "seatrial_ship_lines_duplicate_total": (),
    "seatrial_ship_lines_dead_lettered_total": (),
    "seatrial_ship_lines_sent_again_total": (),
    "seatrial_ship_bytes_acknowledged_total": (),
    "seatrial_load_arrivals_total": (),
    "seatrial_load_shed_total": (),
    "seatrial_load_journeys_total": ("journey", "outcome"),
}
_GAUGE = {
    "up": (),
    "scrape_duration_seconds": (),
    "scrape_samples_scraped": (),
    "go_memstats_alloc_bytes": (),
    "prometheus_tsdb_head_series": (),
    "prometheus_rule_group_last_duration_seconds": ("rule_group",),
    "seatrial_ship_lag_seconds": (),
    "seatrial_ship_queue_bytes": (),
    "seatrial_ship_blocked": (),
    "seatrial_load_offered": (),
    "seatrial_load_journeys_in_flight": (),
    "seatrial_load_stage": ("stage",),
}
_HISTOGRAM = {
    "seatrial_load_request_duration_seconds": ("step", "http_request_method", "http_route", "outcome"),
    "seatrial_load_dispatch_lag_seconds": (),
}
METRICS: dict[str, Metric] = {
    **{name: Metric(type="counter", labels=labels) for name, labels in _COUNTER.items()},
    **{name: Metric(type="gauge", labels=labels) for name, labels in _GAUGE.items()},
    **{name: Metric(type="histogram", labels=labels) for name, labels in _HISTOGRAM.items()},
}


def with_components(telemetry: Telemetry, services: Collection[str]) -> tuple[Telemetry, tuple[str, ...]]:
    """The contract and the jobs, with those of the components."""
    whole = telemetry.model_copy(update={"metrics": {**METRICS, **telemetry.metrics}})
    return whole, (*services, PROMETHEUS, ALERTMANAGER, SHIPPER, LOAD)

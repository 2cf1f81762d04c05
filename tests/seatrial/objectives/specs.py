"""A small fleet's contract and one objective, to be changed by tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from seatrial.objectives.contract import load_objectives
from seatrial.objectives.objective import Objective
from seatrial.project.telemetry import Metric, Telemetry

SERVICES = ("web", "store")
TELEMETRY = Telemetry(
    metrics={
        "request_seconds": Metric(type="histogram", labels=("route", "status"), buckets=(0.1, 0.25, 0.5, 1, 2.5)),
        "orders_total": Metric(type="counter", labels=("order_status",)),
    }
)
AVAILABLE = dedent(
    """\
    version: prometheus/v1
    service: web
    slos:
      - name: availability
        objective: 99
        description: Whoever asks is answered.
        labels: {seatrial_kind: availability, seatrial_steps: all}
        sli:
          events:
            error_query: sum(rate(request_seconds_count{job="web", status=~"5.."}[{{.window}}]))
            total_query: sum(rate(request_seconds_count{job="web"}[{{.window}}]))
        alerting: {name: WebUnavailable}
    """
)
QUICK = dedent(
    """\
    version: prometheus/v1
    service: web
    slos:
      - name: latency
        objective: 95
        labels: {seatrial_kind: latency, seatrial_threshold_seconds: "0.25", seatrial_steps: "view, buy"}
        sli:
          events:
            error_query: sum(rate(request_seconds_count{job="web"}[{{.window}}])) - sum(rate(request_seconds_bucket{job="web", le="0.25"}[{{.window}}]))
            total_query: sum(rate(request_seconds_count{job="web"}[{{.window}}]))
        alerting: {name: WebSlow}
    """
)


def load(folder: Path, text: str) -> tuple[Objective, ...]:
    file = folder / "slo.yml"
    file.write_text(text, encoding="utf-8")
    return load_objectives(file, TELEMETRY, SERVICES)

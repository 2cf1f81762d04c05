"""What the shop's own Prometheus and its log lines say."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from shop_stacks import Stack

PATIENCE = 20.0


@dataclass
class Telemetry:
    stack: Stack

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with `metric` and `value`."""
        answer = requests.post(f"{self.stack.prometheus}/api/v1/query", data={"query": expression}, timeout=10)
        assert answer.ok, answer.text
        return list(answer.json()["data"]["result"])

    def number(self, expression: str) -> float:
        """The only one; 0 when there is none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else 0.0

    def labels(self, metric: str, service: str) -> set[str]:
        """All label names of the metric's series there, but for those of the target."""
        return {name for each in self.query(f'{metric}{{job="{service}"}}') for name in each["metric"]}

    def exemplars(self, metric: str, seconds: float = 600) -> list[dict[str, Any]]:
        now = time.time()
        told = {"query": metric, "start": now - seconds, "end": now}
        answer = requests.post(f"{self.stack.prometheus}/api/v1/query_exemplars", data=told, timeout=10)
        assert answer.ok, answer.text
        return [each for series in answer.json()["data"] for each in series["exemplars"]]

    def lines_of(self, trace: str) -> list[dict[str, Any]]:
        return [line for line in self.stack.lines() if line.get("trace.id") == trace]


def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"did not come to hold within {patience:g} s"
        time.sleep(0.25)

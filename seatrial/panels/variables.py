"""What Grafana puts into a query before it asks: variables, and its own $__ ones. Pure.

Sources: https://grafana.com/docs/grafana/latest/visualizations/dashboards/variables/variable-syntax/ and, for $__rate_interval,
https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

# A rate needs two samples also when one scrape is missing.
SCRAPES = 4
MOST_STEPS = 120
_NAMED = re.compile(r"\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]")


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is looked at, in epoch seconds, and how often targets are scraped."""

    begin: float
    end: float
    scrape_interval: float = 1.0

    @property
    def step(self) -> float:
        """Whole seconds between two points, few enough for a chart."""
        return float(max(1, math.ceil(self.scrape_interval), math.ceil((self.end - self.begin) / MOST_STEPS)))

    def own(self) -> dict[str, str]:
        """Grafana's own variables."""
        seconds = max(1, round(self.end - self.begin))
        rate = max(SCRAPES * self.scrape_interval, self.step + self.scrape_interval)
        return {
            "__interval": f"{self.step:g}s",
            "__interval_ms": f"{self.step * 1000:.0f}",
            "__rate_interval": f"{math.ceil(rate)}s",
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__range_ms": str(seconds * 1000),
        }


def expanded(query: str, variables: Mapping[str, str], span: Span) -> str:
    """The query as it is sent; a name that nobody knows stays as it is."""
    known = {**variables, **span.own()}

    def put(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        return known.get(name, found[0])

    return _NAMED.sub(put, query)

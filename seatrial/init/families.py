"""What a metrics endpoint serves, as families with their types: the shape in which `metrics` looks at it.

Owns text to families, and what moved between two of them. Leaves what a family means to `metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from seatrial.backends.errors import NotExposition

Labels = tuple[tuple[str, str], ...]


class Family(NamedTuple):
    """`name` is how telemetry.yml declares it; `counts` are its series, of a histogram the counts of observations."""

    name: str
    type: str
    help: str
    counts: Mapping[Labels, float]
    buckets: tuple[float, ...] = ()

    def values(self, label: str) -> set[str]:
        """All values that a label has."""
        return {dict(labels).get(label, "") for labels in self.counts}

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels, in the order in which they are exposed."""
        return tuple(dict.fromkeys(name for labels in self.counts for name, _ in labels))


def read_families(text: str) -> dict[str, Family]:
    """By name. Raises NotExposition for anything else, an empty text included."""
    try:
        families = [_family(each) for each in text_string_to_metric_families(text)]
    except (ValueError, IndexError, KeyError, TypeError) as error:  # what the parser raises on rubbish is not promised
        raise NotExposition(f"{type(error).__name__}: {error}; it begins {text[:60]!r}") from error
    if not families:
        raise NotExposition(f"it holds no metric; it begins {text[:60]!r}")
    return {family.name: family for family in families}


def _family(metric: Metric) -> Family:
    """The parser drops a counter's `_total` from the family, not from its samples."""
    kind = metric.type
    if kind in {"histogram", "summary"}:
        counts = {_labels(each.labels): each.value for each in metric.samples if each.name == f"{metric.name}_count"}
        edges = {float(each.labels["le"]) for each in metric.samples if "le" in each.labels}
        return Family(metric.name, kind, metric.documentation, counts, tuple(sorted(edges - {float("inf")})))
    own = [each for each in metric.samples if not each.name.endswith("_created")]
    name = own[0].name if own else f"{metric.name}_total" if kind == "counter" else metric.name
    return Family(name, kind, metric.documentation, {_labels(each.labels): each.value for each in own})


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple((name, value) for name, value in labels.items() if name != "le")


def gained(before: Mapping[str, Family], after: Mapping[str, Family]) -> dict[str, dict[Labels, float]]:
    """Per family the series that rose, and by how much."""
    rises: dict[str, dict[Labels, float]] = {}
    for name, family in after.items():
        then = before[name].counts if name in before else {}
        rose = {labels: value - then.get(labels, 0.0) for labels, value in family.counts.items()}
        rises[name] = {labels: by for labels, by in rose.items() if by > 0}
    return rises


def moving(families: Iterable[Mapping[str, Mapping[Labels, float]]]) -> set[tuple[str, Labels]]:
    """Every series that moved in any of these."""
    return {(name, labels) for each in families for name, series in each.items() for labels in series}

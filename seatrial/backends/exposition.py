"""Reads the text that a metrics endpoint serves, strictly: rubbish is an error, never an empty answer.

Owns text to series. Leaves fetching to the readings, and what a series means to the telemetry roles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Self

from prometheus_client.parser import text_string_to_metric_families

from seatrial.backends.errors import NotExposition


class Series(NamedTuple):
    """A name with its labels, sorted by label name; bucket edges are floats written one way (`1.0`, `+Inf`)."""

    name: str
    labels: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, name: str, labels: Mapping[str, str]) -> Self:
        """Normalise: `le="1"` and `le="1.0"` are the same bucket, an empty label and an absent one the same label."""
        pairs = ((key, _edge(value) if key in {"le", "quantile"} else value) for key, value in labels.items() if value)
        return cls(name, tuple(sorted(pairs)))

    def label(self, name: str) -> str:
        """The label's value; empty when absent, which is the same thing to Prometheus."""
        return dict(self.labels).get(name, "")

    def has(self, values: AbstractSet[str]) -> bool:
        """Whether a label has one of these values."""
        return any(value in values for _, value in self.labels)

    def __str__(self) -> str:
        return f"{self.name}{{{','.join(f'{key}={value!r}' for key, value in self.labels)}}}"


Samples = dict[Series, float]


def parse_exposition(text: str) -> Samples:
    """Every sample of the text. Raises NotExposition for anything else, an empty text and repeated series included."""
    samples: Samples = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                series = Series.of(sample.name, sample.labels)
                if series in samples:
                    raise NotExposition(f"the series {series} stands twice")
                samples[series] = float(sample.value)
    except (ValueError, IndexError, KeyError, TypeError) as error:  # what the parser raises on rubbish is not promised
        raise NotExposition(f"{type(error).__name__}: {error}; it begins {text[:60]!r}") from error
    if not samples:
        raise NotExposition(f"it holds no sample; it begins {text[:60]!r}")
    return samples


def _edge(value: str) -> str:
    try:
        number = float(value)
    except ValueError as error:
        raise NotExposition(f"{value!r} is no bucket's edge") from error
    return "+Inf" if number == math.inf else repr(number)

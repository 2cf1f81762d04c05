"""An alert that fires, as Prometheus and Alertmanager both tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Firing:
    """An alert and where it landed."""

    alert: str
    service: str

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> Firing:
        """By its labels."""
        return cls(labels.get("alertname", ""), labels.get("service", ""))

    def __str__(self) -> str:
        return f"{self.alert} ({self.service})" if self.service else self.alert

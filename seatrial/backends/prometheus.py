"""Asks a Prometheus, 2.42 to 3.x, by its HTTP API.

Owns the protocol: envelopes, errors, numbers in text. The transport is an argument, so tests answer from a table.
Leaves the meaning of series to who asks. API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from seatrial.backends.errors import BadAnswer, Unreachable

TIMEOUT_SECONDS = 10.0


class Http(Protocol):
    """As much of requests.Session as is used."""

    def get(self, url: str, *, params: Mapping[str, str], timeout: float) -> requests.Response:
        """Fetch."""


@dataclass(frozen=True, slots=True)
class SeriesPoints:
    """One series with its samples, oldest first: epoch seconds and value."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class Prometheus:
    """A client of one server. Every method raises Unreachable or BadAnswer."""

    def __init__(self, url: str, http: Http, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._timeout = timeout

    def query(self, expression: str, at: float) -> list[SeriesPoints]:
        """An instant query: one point per series, or for a range selector the samples as stored."""
        return _series(self._get("query", {"query": expression, "time": f"{at:.3f}"}))

    def query_range(self, expression: str, begin: float, end: float, step: float) -> list[SeriesPoints]:
        """A range query, evaluated every `step` seconds."""
        params = {"query": expression, "start": f"{begin:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return _series(self._get("query_range", params))

    def stored(self, selector: str, begin: float, end: float) -> list[SeriesPoints]:
        """The samples as stored, with the times of their scrapes.

        Evaluated values would hide holes: Prometheus repeats a sample for up to five minutes.
        """
        # The window is open at its beginning in Prometheus 3 and closed in 2: a millisecond more serves both.
        milliseconds = max(1, round((end - begin) * 1000) + 1)
        found = self.query(f"{selector}[{milliseconds}ms]", end)
        return [SeriesPoints(each.labels, [point for point in each.points if point[0] >= begin]) for each in found]

    def targets(self) -> list[dict[str, Any]]:
        """The active targets: labels, health, lastScrape, lastError and the rest of the API's fields."""
        active = self._get("targets", {"state": "active"}).get("activeTargets")
        if not isinstance(active, list):
            raise BadAnswer(f"{self._url} lists no activeTargets")
        return active

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing: labels, annotations, state, activeAt, value."""
        found = self._get("alerts", {}).get("alerts")
        if not isinstance(found, list):
            raise BadAnswer(f"{self._url} lists no alerts")
        return found

    def wait_for_scrapes(
        self,
        instances: Iterable[str],
        after: float,
        *,
        patience: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> dict[str, float]:
        """For each instance the time of a scrape later than `after`; those that had none in `patience` seconds lack."""
        wanted, until = set(instances), clock() + patience
        while True:
            now = clock()
            up = self.stored("up", after, max(now, after))
            seen = {each.labels.get("instance", ""): _first_success(each.points) for each in up}
            seen = {instance: at for instance, at in seen.items() if at > after}
            if wanted <= set(seen) or now >= until:
                return {instance: seen[instance] for instance in wanted & set(seen)}
            sleep(0.2)

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._url}/api/v1/{path}"
        try:
            response = self._http.get(url, params=params, timeout=self._timeout)
            document = json.loads(response.text)
        except requests.RequestException as error:
            raise Unreachable(f"Prometheus at {self._url} does not answer: {type(error).__name__}") from error
        except ValueError as error:
            raise BadAnswer(f"{url} answered status {response.status_code} and no JSON") from error
        if not isinstance(document, dict) or document.get("status") != "success":
            said = document.get("error") if isinstance(document, dict) else document
            raise BadAnswer(f"{url} answered status {response.status_code}: {said}")
        data = document.get("data")
        if not isinstance(data, dict):
            raise BadAnswer(f"{url} answered without data")
        return data


def _first_success(points: Iterable[tuple[float, float]]) -> float:
    return next((at for at, value in points if value), -math.inf)


def _series(data: Mapping[str, Any]) -> list[SeriesPoints]:
    try:
        return [
            SeriesPoints(dict(each["metric"]), [_point(point) for point in each.get("values") or [each["value"]]])
            for each in data["result"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"the result is of another shape: {type(error).__name__} {error}") from error


def _point(point: Any) -> tuple[float, float]:
    at, value = point
    return float(at), float(value)

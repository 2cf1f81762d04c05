"""Asks a running service, one request at a time, and notes what moved by each: metrics and log lines.

Owns the HTTP and the order of asking. Leaves what follows from it to `conclusions`.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import requests

from seatrial.backends.errors import NotExposition
from seatrial.init.families import Family, Labels, gained, moving, read_families
from seatrial.init.log_fields import Known
from seatrial.init.metrics import Move
from seatrial.init.route import Route, Sample

METRICS_PATHS = ("/metrics", "/prometheus", "/actuator/prometheus")
TIMEOUT_SECONDS = 5.0
CHUNK_BYTES = 65536
# Some services count and log a request a moment after its answer has left.
LATE_SECONDS = 0.05
LATE_READINGS = 4
OK, BAD_REQUEST = 200, 400


class Answer(NamedTuple):
    """What a GET was answered."""

    status: int
    text: str


class Http(Protocol):
    """One GET, without redirects and proxies; None when nobody answers."""

    def get(self, url: str, headers: Mapping[str, str]) -> Answer | None:
        """Ask."""


class OverRequests:
    """Http by the library of that name. What does not end in time, as a stream of events, is no answer."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, url: str, headers: Mapping[str, str]) -> Answer | None:
        """Ask; the whole answer must come within TIMEOUT_SECONDS."""
        until = time.monotonic() + TIMEOUT_SECONDS
        try:
            with self._session.get(
                url, headers=dict(headers), timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                body = b""
                for part in answer.iter_content(CHUNK_BYTES):
                    body += part
                    if time.monotonic() > until:
                        return None
        except requests.RequestException:
            return None
        return Answer(answer.status_code, body.decode(answer.encoding or "utf-8", errors="replace"))

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


class Asked(NamedTuple):
    """A route that was asked with one of its samples; `status` is None when nobody answered."""

    route: Route
    sample: Sample
    status: int | None

    @property
    def well(self) -> bool:
        """Whether the answer was neither an error nor missing."""
        return self.status is not None and self.status < BAD_REQUEST


class Written(NamedTuple):
    """What a file of lines gained while routes were asked, and while the metrics alone were read."""

    text: str
    noise: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What one service showed. `families` are the last reading; `noise` moves by reading alone.

    `known` are the requests made, `logs` by name what each file of lines gained.
    """

    service: str
    metrics_url: str | None = None
    families: Mapping[str, Family] = field(default_factory=dict)
    noise: frozenset[tuple[str, Labels]] = frozenset()
    moves: tuple[Move, ...] = ()
    asked: tuple[Asked, ...] = ()
    known: tuple[Known, ...] = ()
    logs: Mapping[str, Written] = field(default_factory=dict)


@dataclass(slots=True)
class Probe:
    """One service under examination. `metrics` is where its metrics may be, `logs` files that may be its log."""

    service: str
    url: str
    http: Http
    metrics: Sequence[str]
    logs: Mapping[str, Path] = field(default_factory=dict)
    sleep: Callable[[float], object] = time.sleep
    _metrics_url: str | None = None
    _noise: frozenset[tuple[str, Labels]] = frozenset()

    def go(self, routes: Sequence[Route]) -> Probed:
        """Find the metrics, learn what reading them moves, then ask every route once."""
        families = self._find_metrics()
        began = self._sizes()
        self._noise = self._learn_noise() if self._metrics_url else frozenset()
        quiet = self._sizes()
        asked = [self._ask(route) for route in routes]
        self.sleep(LATE_SECONDS)
        return Probed(
            service=self.service,
            metrics_url=self._metrics_url,
            families=self._read() or families,
            noise=self._noise,
            moves=tuple(move for move, _, _ in asked if move and self._metrics_url),
            asked=tuple(each for _, each, _ in asked),
            known=tuple(known for _, _, known in asked if known.status),
            logs={
                name: Written(self._text(name, quiet[name]), self._text(name, size, quiet[name]))
                for name, size in began.items()
            },
        )

    def _find_metrics(self) -> Mapping[str, Family]:
        for url in self.metrics:
            families = self._families(url)
            if families:
                self._metrics_url = url
                return families
        return {}

    def _learn_noise(self) -> frozenset[tuple[str, Labels]]:
        readings = [self._read() for _ in range(3)]
        return frozenset(moving(gained(a, b) for a, b in itertools.pairwise(readings)))

    def _ask(self, route: Route) -> tuple[Move | None, Asked, Known]:
        sample = route.samples[0]
        target, before = route.target(sample), self._read()
        path = target.partition("?")[0]
        known = Known(secrets.token_hex(16), secrets.token_hex(8), route.method, 0, route.template, path)
        headers = {"traceparent": f"00-{known.trace}-{known.span}-01", "Accept": "application/json"}
        answer = self.http.get(self.url + target, headers)
        if answer is None:
            return None, Asked(route, sample, None), known
        rises = self._rises(before)
        move = Move(route.method, route.template, path, answer.status, rises)
        return move, Asked(route, sample, answer.status), known._replace(status=answer.status)

    def _rises(self, before: Mapping[str, Family]) -> dict[str, dict[Labels, float]]:
        """What rose beyond the noise, once something with labels has."""
        rises: dict[str, dict[Labels, float]] = {}
        for _ in range(LATE_READINGS if self._metrics_url else 0):
            found = gained(before, self._read())
            rises = {
                name: {labels: by for labels, by in series.items() if labels and (name, labels) not in self._noise}
                for name, series in found.items()
            }
            if any(rises.values()):
                break
            self.sleep(LATE_SECONDS)
        return rises

    def _read(self) -> Mapping[str, Family]:
        return self._families(self._metrics_url) if self._metrics_url else {}

    def _families(self, url: str) -> Mapping[str, Family]:
        answer = self.http.get(url, {})
        if answer is None or answer.status != OK:
            return {}
        try:
            return read_families(answer.text)
        except NotExposition:
            return {}

    def _sizes(self) -> dict[str, int]:
        return {name: file.stat().st_size if file.is_file() else 0 for name, file in self.logs.items()}

    def _text(self, name: str, begin: int, end: int | None = None) -> str:
        if not self.logs[name].is_file():
            return ""
        with self.logs[name].open("rb") as file:
            file.seek(begin)
            return file.read(-1 if end is None else end - begin).decode("utf-8", errors="replace")

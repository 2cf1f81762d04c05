"""The replica's Prometheus registry: every metric is built from the contract, on first use, and none outside it.

Owns the server's own three (duration, active requests, threads); services ask for theirs by name. One process per replica, so no
multiprocess mode: exemplars and process metrics stay right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from fleet.kit.errors import ContractError
from fleet.kit.exchange import Exchange, Observer
from fleet.kit.telemetry import Contract, MetricSpec
from fleet.kit.turns import Turns

M = TypeVar("M", bound=MetricWrapperBase)
_KINDS: dict[type[MetricWrapperBase], str] = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}


class Metrics:
    """Metrics by their contract name; the same name gives the same object, from any thread."""

    def __init__(self, contract: Contract, registry: CollectorRegistry | None = None) -> None:
        # `_created` series double the scrape and nothing reads them.
        disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client leaves it untyped
        self.contract = contract
        self.registry = registry or CollectorRegistry()
        self._made: dict[str, MetricWrapperBase] = {}
        self._lock = Lock()
        self.registry.register(_ProcessMetrics(contract))

    def counter(self, name: str) -> Counter:
        """Raises ContractError unless the contract has a counter of this name."""
        return self._metric(name, Counter)

    def gauge(self, name: str) -> Gauge:
        """Raises ContractError unless the contract has a gauge of this name."""
        return self._metric(name, Gauge)

    def histogram(self, name: str) -> Histogram:
        """Raises ContractError unless the contract has a histogram of this name."""
        return self._metric(name, Histogram)

    def _metric(self, name: str, kind: type[M]) -> M:
        spec = self.contract.metrics.get(name)
        if spec is None or spec.type != _KINDS[kind]:
            raise ContractError(f"{name} is no {_KINDS[kind]} of the telemetry contract; add it there first.")
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name, spec, kind)
            made = self._made[name]
        assert isinstance(made, kind)  # noqa: S101 - the contract's type has just been compared
        return made

    def _make(self, name: str, spec: MetricSpec, kind: type[M]) -> M:
        extra = {"buckets": spec.buckets} if spec.buckets else {}
        return kind(name, spec.help, spec.labels, registry=self.registry, **extra)  # type: ignore[arg-type] # buckets


class _ProcessMetrics(Collector):
    """prometheus_client's process metrics, of which only those in the contract go out."""

    def __init__(self, contract: Contract) -> None:
        self._source = ProcessCollector(registry=None)
        self._names = contract.metrics.keys()

    def collect(self) -> Iterable[Metric]:
        for metric in self._source.collect():
            if f"{metric.name}{'_total' if metric.type == 'counter' else ''}" in self._names:
                yield metric

    def describe(self) -> Iterable[Metric]:
        return ()


class _Durations:
    """The duration histogram with its children bound once per route, method and status: `labels()` costs 2 us."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._bound: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, exchange: Exchange) -> None:
        key = (exchange.method, exchange.route, exchange.status)
        child = self._bound.get(key)
        if child is None:
            child = self._bound[key] = self._histogram.labels(*map(str, key))
        child.observe(exchange.duration / 1e9, {"trace_id": exchange.span.trace_id})


def init_app(
    observer: Observer,
    metrics: Metrics,
    turns: Turns,
    threads: int,
    *,
    counted: Callable[[Exchange], bool] = lambda _: True,
) -> None:
    """Measure every request that passes `observer`; `counted` may leave one out (a fault does)."""
    durations = _Durations(metrics.histogram("http_server_request_duration_seconds"))
    active = metrics.gauge("http_server_active_requests")
    # Of the threads, those that may work: who waits for a request's body is active, not busy.
    metrics.gauge("server_threads_busy").set_function(turns.taken)
    metrics.gauge("server_threads_limit").set(threads)

    def start(_: Exchange) -> None:
        active.inc()

    def end(exchange: Exchange) -> None:
        active.dec()
        if counted(exchange):
            durations.observe(exchange)

    observer.at_start.append(start)
    observer.at_end.append(end)

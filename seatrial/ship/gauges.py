"""What the shipper counts, for Prometheus, on a port of its own."""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

PREFIX = "seatrial_ship"
HOST = "127.0.0.1"


class Gauges:
    """Names and meanings of all metrics; docs/cli/ship.md lists them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.read = self._counter("lines_read", "Whole lines read from log files.")
        self.sent = self._counter("lines_sent", "Lines sent, each time they were.")
        self.acknowledged = self._counter("lines_acknowledged", "Lines that Elasticsearch has as documents.")
        self.duplicate = self._counter("lines_duplicate", "Lines that were there already, of those acknowledged.")
        self.letters = self._counter("lines_dead_lettered", "Lines that cannot become documents.")
        self.again = self._counter("lines_sent_again", "Lines that were put off, and have to be sent again.")
        self.bytes = self._counter("bytes_acknowledged", "Bytes of log files that need not be read again.")
        self.lag = self._gauge("lag_seconds", "Age of the oldest byte on disk that is not acknowledged.")
        self.queue = self._gauge("queue_bytes", "Bytes on disk that are not acknowledged.")
        self.blocked = self._gauge("blocked", "1 while Elasticsearch, or a disk here, takes nothing.")

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, registry=self.registry)

    def serve(self, port: int) -> WSGIServer:
        """Answer on 127.0.0.1 from a thread; `port` 0 takes a free one."""
        server, _ = start_http_server(port, HOST, self.registry)
        return server

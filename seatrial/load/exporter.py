"""Shows a load's gauges on 127.0.0.1, and tells the Prometheus of a stack where.

Owns the port and the target's file. A stack that has no Prometheus of its own is told nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from seatrial.alerts.components import LOAD as JOB
from seatrial.load.gauges import Gauges
from seatrial.run_folder import write_json
from seatrial.stacks.prometheus import target_group

HOST = "127.0.0.1"
# Somewhat longer than Prometheus needs for the next scrape.
LAST_SECONDS = 1.5


@contextmanager
def exported(run_dir: Path | None) -> Iterator[Gauges | None]:
    """The gauges, while the Prometheus of the stack in `run_dir` scrapes them; None where it has none.

    At the end the last counts are scraped. Prometheus forgets the target some seconds later, and alerts know that a load ends.
    """
    folder = run_dir / "metrics" / "prometheus" / "targets" if run_dir else None
    if folder is None or not folder.is_dir():
        yield None
        return
    gauges, asked = Gauges(), _Asked()
    gauges.registry.register(asked)
    server, _ = start_http_server(0, HOST, gauges.registry)
    target = folder / f"{JOB}.json"
    write_json(target, [target_group(f"{HOST}:{server.server_port}", job=JOB, instance=JOB)])
    try:
        yield gauges
        asked.event.clear()
        asked.event.wait(LAST_SECONDS)
    finally:
        target.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


class _Asked(Collector):
    """Notices a scrape, and adds nothing to it."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def collect(self) -> Iterable[Metric]:
        self.event.set()
        return ()

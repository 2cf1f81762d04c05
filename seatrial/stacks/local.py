"""A fleet with its Prometheus as processes on 127.0.0.1, owned by the process that calls `up`.

Owns the order of starting and stopping, and what is known of each process. Leaves Prometheus and what others read to
owned.py, ports, places, processes and looking from outside to the modules of those names; never restarts by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from seatrial.project.fleet_checks import refuse_unstartable
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings, child_environment
from seatrial.stacks import places, processes
from seatrial.stacks.owned import OnEvent, ignore
from seatrial.stacks.pipeline import Wanted
from seatrial.stacks.places import Place, Telling
from seatrial.stacks.ports import is_free
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.started import StartedStack
from seatrial.stacks.turns import to_the_end
from seatrial.stacks.watch import Watch

# A cancelled CI job is told again after 7.5 s and killed 2.5 s later: all must be down before.
LAYER_SECONDS = 2.0
FLEET_SECONDS = 4.5


class LocalStack(StartedStack[Place]):
    """See stacks.protocol.Stack. `replicas` overrides fleet.yml's numbers; nothing is touched before `up`.

    Raises UsageError when the fleet cannot be started by commands.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        project: Project,
        run: RunFolder,
        *,
        faults: bool = False,
        ports_preferred: bool = False,
        replicas: Mapping[str, int] | None = None,
        on_event: OnEvent = ignore,
        settings: Settings | None = None,
        pipeline: Wanted | None = None,
    ) -> None:
        super().__init__(
            project, run, ports_preferred=ports_preferred, on_event=on_event, settings=settings, pipeline=pipeline
        )
        self._faults = faults
        self._numbers = dict(replicas or {})
        refuse_unstartable(project.fleet, self._numbers)
        self._seats: list[Place] = []
        self._losses = Watch(self._tell_loss)

    # What a trial asks

    def up(self) -> None:
        """Prometheus starts while the stores are migrated, then all services at once.

        Raises StackError or HookError; call `down` then too. Call it from the main thread.
        """
        found = self._begin()
        self._take_places(with_prometheus=found is not None)
        self._set_state("starting")
        self._start_pipeline()
        with self.step("prometheus"):
            self._start_prometheus(found)
        with self.step("migrate"):
            self._migrate()
        with self.step("services"):
            for place in self._seats:
                self.start(place)
            to_the_end(self.await_ready(self._seats))
        self._await_pipeline()
        self._set_state("ready")

    @property
    def unable(self) -> Mapping[str, str]:
        """It can do everything."""
        return MappingProxyType({})

    def stores(self) -> dict[str, str]:
        """Service to SQLite URL."""
        services = self.project.fleet.services.items()
        return {name: places.store_url(self.run_dir, name) for name, service in services if service.store}

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Looks at every process now; `at` is when a look found it gone, so look often."""
        self.watch()
        return list(self._losses.exits)

    def down(self) -> None:
        """The entry first, then each service after its callers, Prometheus last; then the guardian sweeps."""
        if self._guardian is None:
            return
        with self.step("stop"):
            self.watch()  # what died by itself must not pass for stopped
            self._set_state("stopping")
            self._stop_fleet()
            self._end()

    # Starting

    def _take_places(self, *, with_prometheus: bool) -> None:
        """All addresses are known and written before anything starts, so nobody has to be told later."""
        self._seats = places.take_places(
            self.project.fleet, self._numbers, self._ports, preferred=self._ports_preferred
        )
        if with_prometheus:
            self._take_prometheus_port()
        self._take_pipeline_ports()
        self.publish()
        self._write_targets()

    def _migrate(self) -> None:
        if self.project.fleet.migrate is not None:
            self.call_hook("migrate", self.project.fleet.migrate)

    def start(self, seat: Place) -> None:
        """Start the replica's process."""
        telling = self._telling()
        seat.ready, seat.worker_pid, seat.lost = False, None, False
        stream, log = telling.stream(seat), telling.log_file(seat)
        seat.child = processes.start(
            seat.instance,
            telling.command(seat),
            environment=child_environment(self.run.id, telling.environment(seat)),
            cwd=self.project.root,
            output=self.run.logs / f"{seat.instance}.out",
            lines=(stream, log) if stream and log else None,
        )

    def _telling(self) -> Telling:
        urls = places.first_urls(self._seats)
        return Telling(self.project.fleet, self.project.root, self.run_dir, urls, self._faults)

    def _met(self, seat: Place) -> None:
        if seat.child is not None:
            seat.ready, seat.worker_pid = True, processes.worker_of(seat.child.pid, seat.port)

    # While it runs

    def _told_of(self, seat: Place) -> bool:
        """Always: the fleet reads the discovery file, as the load does."""
        del seat
        return True

    def is_free(self, seat: Place) -> bool:
        """Whether nobody listens at its ports."""
        return is_free(seat.port) and is_free(seat.admin_port)

    def watch(self) -> None:
        """Note every process that ended without having been asked to."""
        self._losses.look(self._seats, self._others())

    # Stopping

    def _stop_fleet(self) -> None:
        until = time.monotonic() + FLEET_SECONDS
        for layer in self.project.fleet.stop_order():
            children = [place.child for place in self._seats if place.service in layer and place.child is not None]
            processes.stop_all(children, min(until, time.monotonic() + LAYER_SECONDS))

    # What others read

    def _starting(self) -> Iterable[Child]:
        return [*(seat.child for seat in self._seats if seat.child is not None), *self._others()]

    def _own_entry(self, seat: Place) -> dict[str, Any]:
        log_file = self._telling().log_file(seat)
        return {
            "external": False,
            "main_pid": seat.child and seat.child.pid,
            "log_file": log_file and str(log_file),
        }

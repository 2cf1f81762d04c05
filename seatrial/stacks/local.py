"""A fleet with its Prometheus as processes on 127.0.0.1, owned by the process that calls `up`.

Owns the order of starting and stopping, and what is known of each process. Leaves Prometheus and what others read to
owned.py, ports, places, processes and looking from outside to the modules of those names; never restarts by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seatrial.errors import UsageError
from seatrial.project.fleet_checks import refuse_unstartable
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json
from seatrial.settings import Settings, child_environment
from seatrial.stacks import observation, places, processes
from seatrial.stacks.draining import Traffic, stopped, traffic
from seatrial.stacks.owned import OnEvent, OwnedStack, ignore
from seatrial.stacks.pipeline import Wanted
from seatrial.stacks.places import Place, Telling
from seatrial.stacks.ports import is_free
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import StopRecord, UnplannedExit
from seatrial.stacks.readiness import ready
from seatrial.stacks.restarting import restarted
from seatrial.stacks.turns import Turns, to_the_end
from seatrial.stacks.watch import Watch

# A cancelled CI job is told again after 7.5 s and killed 2.5 s later: all must be down before.
LAYER_SECONDS = 2.0
FLEET_SECONDS = 4.5


class LocalStack(OwnedStack):
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
        self._places: list[Place] = []
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
            for place in self._places:
                self.start(place)
            to_the_end(self.await_ready(self._places))
        self._await_pipeline()
        self._set_state("ready")

    def entry_url(self) -> str:
        """The address that clients use: the entry's first replica."""
        return next(place.url for place in self._places if place.service == self.project.fleet.entry)

    @property
    def discovery_file(self) -> Path:
        """Where the addresses of all replicas that take requests are."""
        return self.run_dir / "discovery.json"

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

    def restart(self, service: str, replica: int | None = None) -> None:
        """One replica after another, until each is ready. Raises UsageError for one that is not there."""
        to_the_end(self.restarting(service, replica))

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """`restart` in turns."""
        if (component := self._restarting_component(service)) is not None:
            yield from component
            return
        chosen = [place for place in self._places if place.service == service and replica in {None, place.replica}]
        if not chosen:
            known = ", ".join(place.instance for place in self._places)
            wanted = service if replica is None else f"{service}-{replica}"
            raise UsageError(f"there is no {wanted} in run {self.run.id}. Running are: {known}.")
        for place in chosen:
            yield from self._restart(place)

    def drain(self) -> list[StopRecord]:
        """Each layer with the time it needs, callers before those they call. What had died by itself has no record."""
        self.watch()
        self._set_state("draining")
        records: list[StopRecord] = []
        for layer in self.project.fleet.stop_order():
            living = [
                place.child for place in self._places if place.service in layer and place.child and not place.lost
            ]
            records += to_the_end(stopped(living))
        for record in records:
            self.run.event("stop", **asdict(record))
        return records

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
        self._places = places.take_places(
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

    def start(self, place: Place) -> None:
        """Start the replica's process."""
        telling = self._telling()
        place.ready, place.worker_pid, place.lost = False, None, False
        stream, log = telling.stream(place), telling.log_file(place)
        place.child = processes.start(
            place.instance,
            telling.command(place),
            environment=child_environment(self.run.id, telling.environment(place)),
            cwd=self.project.root,
            output=self.run.logs / f"{place.instance}.out",
            lines=(stream, log) if stream and log else None,
        )

    def _telling(self) -> Telling:
        urls = places.first_urls(self._places)
        return Telling(self.project.fleet, self.project.root, self.run_dir, urls, self._faults)

    def await_ready(self, awaited: Sequence[Place]) -> Turns[None]:
        """Until all are ready. Raises StackError."""
        checks: dict[str, Callable[[], bool]] = {place.instance: partial(self._is_ready, place) for place in awaited}
        if self._state == "starting":
            checks |= self._prometheus_check()
        told = partial(self._on_event, "ready")
        yield from ready(checks, self._children(checks), lambda name, seconds: told(name=name, seconds=seconds))
        for place in awaited:
            self._note_worker(place)

    def _is_ready(self, place: Place) -> bool:
        return observation.is_ready(place.url, self._admin_path(place, "ready"))

    def _admin_path(self, place: Place, name: str) -> str | None:
        path = getattr(self.project.fleet.admin_of(place.service), name)
        return None if path is None else place.admin_url + path

    def _note_worker(self, place: Place) -> None:
        if place.child is not None:
            place.ready, place.worker_pid = True, processes.worker_of(place.child.pid, place.port)

    # While it runs

    def _restart(self, place: Place) -> Turns[None]:
        """One replica. Callers are told to ask the others meanwhile, if there are any that live."""
        self.watch()
        before = place.worker_pid
        alone = not any(each.service == place.service and each is not place and _serves(each) for each in self._places)
        done = yield from restarted(self, place, alone=alone)
        told = {"service": place.service, "instance": place.instance, "seconds": done.seconds}
        stop = asdict(done.stop) if done.stop else None
        workers = {"worker_before": before, "worker_after": place.worker_pid}
        self.run.event("restart", **told, down_seconds=done.down_seconds, emptied=done.emptied, stop=stop, **workers)
        self._on_event("restarted", **told)
        self._set_state(self._state)

    def publish(self) -> None:
        """Write what the fleet's clients discover."""
        write_json(self.discovery_file, places.traffic_targets(self._places))

    def traffic(self, place: Place) -> Traffic | None:
        """What the replica's metrics say of its requests."""
        return traffic(self._exposition(place), self.project.telemetry, place.service)

    def keep_counts(self, place: Place) -> None:
        """Write its metrics into the run's folder of those that were left; nothing when nobody answers."""
        self._keep_left(place.instance, self._exposition(place))

    def _exposition(self, place: Place) -> str | None:
        url = self._admin_path(place, "metrics")
        return None if url is None else observation.fetch(url)

    def is_free(self, place: Place) -> bool:
        """Whether nobody listens at its ports."""
        return is_free(place.port) and is_free(place.admin_port)

    def watch(self) -> None:
        """Note every process that ended without having been asked to."""
        self._losses.look(self._places, self._others())

    # Stopping

    def _stop_fleet(self) -> None:
        until = time.monotonic() + FLEET_SECONDS
        for layer in self.project.fleet.stop_order():
            children = [place.child for place in self._places if place.service in layer and place.child is not None]
            processes.stop_all(children, min(until, time.monotonic() + LAYER_SECONDS))

    # What others read

    def _children(self, names: Collection[str]) -> list[Child]:
        children = [*(place.child for place in self._places), *self._others()]
        return [child for child in children if child is not None and child.name in names]

    def entries(self) -> list[dict[str, Any]]:
        """All replicas, as stack.json has them."""
        return [self._entry(place) for place in self._places]

    def _entry(self, place: Place) -> dict[str, Any]:
        log_file = self._telling().log_file(place)
        return {
            "service": place.service,
            "instance": place.instance,
            "replica": place.replica,
            "url": place.url,
            "admin_url": place.admin_url,
            "metrics_url": self._admin_path(place, "metrics"),
            "ready_url": self._admin_path(place, "ready"),
            "external": False,
            "main_pid": place.child and place.child.pid,
            "worker_pid": place.worker_pid,
            "ready": place.ready,
            "log_file": log_file and str(log_file),
        }


def _serves(place: Place) -> bool:
    """Whether callers that are sent there are answered."""
    return place.listed and place.ready and not place.lost

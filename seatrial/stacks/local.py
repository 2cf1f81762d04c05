"""A fleet with its Prometheus as processes on 127.0.0.1, owned by the process that calls `up`.

Owns the order of starting and stopping, and what is known of each process. Leaves ports, places, processes,
Prometheus and looking from outside to the modules of those names; never restarts anything by itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from seatrial import hooks
from seatrial.errors import StackError, UsageError
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json, write_text
from seatrial.settings import Settings, child_environment, read_settings
from seatrial.stacks import observation, places, processes, prometheus
from seatrial.stacks.draining import Traffic, stopped, traffic
from seatrial.stacks.guardian import Guardian
from seatrial.stacks.places import HOST, Place
from seatrial.stacks.ports import PortLocks, is_free
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import Replica, StopRecord, UnplannedExit
from seatrial.stacks.readiness import ready
from seatrial.stacks.restarting import restarted
from seatrial.stacks.turns import Turns, to_the_end
from seatrial.stacks.watch import Watch

PROMETHEUS_PORT = 9090
# A cancelled CI job is told again after 7.5 s and killed 2.5 s later: all must be down before.
LAYER_SECONDS = 2.0
FLEET_SECONDS = 4.5
PROMETHEUS_SECONDS = 1.5


class OnEvent(Protocol):
    """Told what happens: step-started, step-finished, ready, restarted, unplanned-exit."""

    def __call__(self, kind: str, /, **data: Any) -> None:
        """`data` is plain text and numbers; times are seconds."""


def ignore(_kind: str, /, **_data: Any) -> None:
    """Tell nobody."""


class LocalStack:
    """See stacks.protocol.Stack. `replicas` overrides fleet.yml's numbers; nothing is touched before `up`."""

    def __init__(
        self,
        project: Project,
        run: RunFolder,
        *,
        faults: bool = False,
        ports_preferred: bool = False,
        replicas: Mapping[str, int] | None = None,
        on_event: OnEvent = ignore,
        settings: Settings | None = None,
    ) -> None:
        self.project = project
        self.run = run
        self.run_dir = run.path
        self._faults = faults
        self._ports_preferred = ports_preferred
        self._numbers = dict(replicas or {})
        self._on_event = on_event
        self._settings = settings or read_settings()
        self._ports = PortLocks(self._settings.runtime_dir / "ports", run.id)
        self._places: list[Place] = []
        self._prometheus: Child | None = None
        self._prometheus_url: str | None = None
        self._guardian: Guardian | None = None
        self._losses = Watch(self._tell_loss)
        self._state = "new"

    # What a trial asks

    def up(self) -> None:
        """Prometheus starts while the stores are migrated, then all services at once.

        Raises StackError or HookError; call `down` then too. Call it from the main thread.
        """
        found = self._find_prometheus()
        self._guardian = Guardian.start(self.run.id, self.run_dir, self._ports.folder, child_environment(self.run.id))
        self._take_places(with_prometheus=found is not None)
        self._set_state("starting")
        with self.step("prometheus"):
            self._start_prometheus(found)
        with self.step("migrate"):
            self._migrate()
        with self.step("services"):
            for place in self._places:
                self.start(place)
            to_the_end(self.await_ready(self._places))
        self._set_state("ready")

    def replicas(self) -> list[Replica]:
        """Every replica that should be running; `ready` and pids as they are now."""
        return [Replica(**{**entry, "log_file": Path(entry["log_file"])}) for entry in self.status()["services"]]

    def entry_url(self) -> str:
        """The address that clients use: the entry's first replica."""
        return next(place.url for place in self._places if place.service == self.project.fleet.entry)

    @property
    def discovery_file(self) -> Path:
        """Where the addresses of all replicas that take requests are."""
        return self.run_dir / "discovery.json"

    def prometheus_url(self) -> str | None:
        """None when the project has no Prometheus."""
        return self._prometheus_url

    def stores(self) -> dict[str, str]:
        """Service to SQLite URL."""
        services = self.project.fleet.services.items()
        return {name: places.store_url(self.run_dir, name) for name, service in services if service.store}

    def status(self) -> dict[str, Any]:
        """The status document, looked up now."""
        self.watch()
        return observation.observe(self._document())

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Looks at every process now; `at` is when a look found it gone, so look often."""
        self.watch()
        return list(self._losses.exits)

    def restart(self, service: str, replica: int | None = None) -> None:
        """One replica after another, until each is ready. Raises UsageError for one that is not there."""
        to_the_end(self.restarting(service, replica))

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """`restart` in turns."""
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
            processes.stop_all(self._children(["prometheus"]), time.monotonic() + PROMETHEUS_SECONDS)
            self._ports.release()
            self._set_state("stopped")
            self._guardian.release()
        self._guardian = None

    def hook_document(self, samples: Path | None = None, *, seed: int = 0, **extra: Any) -> dict[str, Any]:
        """What a hook is told."""
        return {
            "run_dir": str(self.run_dir),
            "services": self.status()["services"],
            "stores": self.stores(),
            "samples": samples and str(samples),
            "random_seed": seed,
            **extra,
        }

    def call_hook(self, name: str, command: Sequence[str], timeout: float = 120.0, **document: Any) -> dict[str, Any]:
        """Run a hook of the project against this stack; `document` as for `hook_document`. Raises HookError."""
        return hooks.run_hook(
            name,
            command,
            self.hook_document(**document),
            cwd=self.project.root,
            run_id=self.run.id,
            log=self.run.logs / f"hook-{name}.out",
            timeout=timeout,
        )

    @contextmanager
    def step(self, step: str) -> Iterator[None]:
        """Tell when a step begins and ends, and how long it took."""
        started = time.monotonic()
        self._on_event("step-started", step=step)
        yield
        self._on_event("step-finished", step=step, seconds=time.monotonic() - started)

    # Starting

    def _find_prometheus(self) -> prometheus.Installation | None:
        if self.project.prometheus is None:
            return None
        found = prometheus.find_prometheus(self._settings.cache_dir)
        if found is None:
            raise StackError(f"no Prometheus that will do was found. {prometheus.REMEDY}")
        return found

    def _take_places(self, *, with_prometheus: bool) -> None:
        """All addresses are known and written before anything starts, so nobody has to be told later."""
        fleet = self.project.fleet
        self._places = places.take_places(fleet, self._numbers, self._ports, preferred=self._ports_preferred)
        if with_prometheus:
            port = self._ports.take([PROMETHEUS_PORT] if self._ports_preferred else [])
            self._prometheus_url = f"http://{HOST}:{port}"
        self.publish()
        for name in fleet.services:
            file = self.run.metrics / "prometheus" / "targets" / f"{name}.json"
            write_json(file, places.admin_targets(self._places, name))

    def _start_prometheus(self, found: prometheus.Installation | None) -> None:
        if found is None or self.project.prometheus is None or self._prometheus_url is None:
            return
        configuration = prometheus.copy_configuration(self.project.prometheus, self.run.metrics)
        self._prometheus = processes.start(
            "prometheus",
            prometheus.command(found.binary, configuration, self._prometheus_url.removeprefix("http://")),
            environment=child_environment(self.run.id),
            cwd=configuration.parent,
            output=self.run.logs / "prometheus.out",
        )

    def _migrate(self) -> None:
        if self.project.fleet.migrate is not None:
            self.call_hook("migrate", self.project.fleet.migrate)

    def start(self, place: Place) -> None:
        """Start the replica's process."""
        variables = places.environment_of(place, self.project.fleet, self.run_dir, faults=self._faults)
        place.ready, place.worker_pid, place.lost = False, None, False
        place.child = processes.start(
            place.instance,
            self.project.fleet.services[place.service].command,
            environment=child_environment(self.run.id, variables),
            cwd=self.project.root,
            output=self.run.logs / f"{place.instance}.out",
        )

    def await_ready(self, awaited: list[Place]) -> Turns[None]:
        """Until all are ready. Raises StackError."""
        checks = {place.instance: partial(self._is_ready, place) for place in awaited}
        if self._prometheus_url is not None and self._state == "starting":
            checks["prometheus"] = partial(observation.answers, f"{self._prometheus_url}/-/ready")
        told = partial(self._on_event, "ready")
        yield from ready(checks, self._children(checks), lambda name, seconds: told(name=name, seconds=seconds))
        for place in awaited:
            self._note_worker(place)

    def _is_ready(self, place: Place) -> bool:
        """A server may open its admin port first: 12 ms of refused requests were seen between the two."""
        return observation.answers(place.admin_url + self.project.fleet.admin.ready) and observation.accepts(place.url)

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
        exposition = observation.fetch(place.admin_url + self.project.fleet.admin.metrics)
        return traffic(exposition, self.project.telemetry.roles)

    def keep_counts(self, place: Place) -> None:
        """Write its metrics into the run's folder of those that were left; nothing when nobody answers."""
        exposition = observation.fetch(place.admin_url + self.project.fleet.admin.metrics)
        folder = self.run.metrics / "left"
        folder.mkdir(exist_ok=True)
        if exposition is not None:
            write_text(folder / f"{time.time_ns()}.{place.instance}.prom", exposition)

    def is_free(self, place: Place) -> bool:
        """Whether nobody listens at its ports."""
        return is_free(place.port) and is_free(place.admin_port)

    def watch(self) -> None:
        """Note every process that ended without having been asked to."""
        self._losses.look(self._places, [self._prometheus] if self._prometheus else [])

    def _tell_loss(self, found: UnplannedExit) -> None:
        told = {"name": found.name, "pid": found.pid, "returncode": found.returncode}
        self.run.event("unplanned-exit", **told)
        self._on_event("unplanned-exit", **told)

    # Stopping

    def _stop_fleet(self) -> None:
        until = time.monotonic() + FLEET_SECONDS
        for layer in self.project.fleet.stop_order():
            children = [place.child for place in self._places if place.service in layer and place.child is not None]
            processes.stop_all(children, min(until, time.monotonic() + LAYER_SECONDS))

    # What others read

    def _children(self, names: Collection[str]) -> list[Child]:
        children = [*(place.child for place in self._places), self._prometheus]
        return [child for child in children if child is not None and child.name in names]

    def _set_state(self, state: str) -> None:
        self._state = state
        write_json(self.run_dir / observation.FILE_NAME, self._document())

    def _document(self) -> dict[str, Any]:
        """stack.json: all that does not need to be looked up."""
        pid = self._prometheus.pid if self._prometheus else None
        return {
            "run": self.run.id,
            "run_dir": str(self.run_dir),
            "kind": self.run.record["kind"],
            "state": self._state,
            "owner_pid": os.getpid(),
            "owner_started": processes.started_at(os.getpid()),
            "entry_url": self.entry_url() if self._places else None,  # none before there are ports
            "ready_path": self.project.fleet.admin.ready,
            "services": [self._entry(place) for place in self._places],
            "prometheus": {"url": self._prometheus_url, "pid": pid} if self._prometheus_url else None,
        }

    def _entry(self, place: Place) -> dict[str, Any]:
        return {
            "service": place.service,
            "instance": place.instance,
            "replica": place.replica,
            "url": place.url,
            "admin_url": place.admin_url,
            "main_pid": place.child and place.child.pid,
            "worker_pid": place.worker_pid,
            "ready": place.ready,
            "log_file": str(self.run.logs / f"{place.instance}.jsonl"),
        }


def _serves(place: Place) -> bool:
    """Whether callers that are sent there are answered."""
    return place.listed and place.ready and not place.lost

"""A fleet in containers, started by its own compose file, owned by the process that calls `up`.

What measures it is this machine's, as for every stack: Prometheus, Alertmanager and the load run beside the
containers and reach each at its own address (docs/adr/0022-containers.md). Leaves Docker's commands to docker.py, which
container is which replica to boxes.py.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seatrial import hooks
from seatrial.errors import HookError, StackError, UsageError
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json, write_text
from seatrial.settings import Settings
from seatrial.stacks import docker, observation, processes
from seatrial.stacks.boxes import Box, Deaths, boxes_of, traffic_targets
from seatrial.stacks.compose_project import ComposeProject, inside, refuse_without_compose
from seatrial.stacks.docker import Container, ContainerChild
from seatrial.stacks.draining import Traffic, stopped, traffic
from seatrial.stacks.owned import OnEvent, OwnedStack, ignore
from seatrial.stacks.pipeline import Wanted
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import StopRecord, UnplannedExit
from seatrial.stacks.readiness import ready
from seatrial.stacks.restarting import restarted
from seatrial.stacks.turns import POLL_SECONDS, Turns, to_the_end
from seatrial.stacks.watch import Watch

# Images may have to be fetched.
UP_SECONDS = 300.0
# Callers look names up each half second, and leave a replica that was closed alone for a quarter: the next must not go before
# they have come back to the one before, or they find nobody.
SETTLE_SECONDS = 1.0
BLIND = MappingProxyType({"restarts.unplanned": "`docker events` ended, so nobody saw whether a container did"})


class ComposeStack(OwnedStack):
    """See stacks.protocol.Stack. `replicas` overrides the compose file's numbers; nothing is touched before `up`.

    Raises UsageError when the project has no compose file.
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
        self._compose = refuse_without_compose(project)
        self._containers = ComposeProject(self._compose, project.root, run, faults)
        self._numbers = dict(replicas or {})
        self._boxes: list[Box] = []
        self._events: Child | None = None
        self._deaths = Deaths(run.logs / "docker-events.jsonl", self._tell_loss)
        self._losses = Watch(self._tell_loss)
        self._hooks = 0

    # What a trial asks

    def up(self) -> None:
        """Prometheus, then the containers in the compose file's own order. Raises StackError; call `down` then too."""
        docker.refuse_without_docker()
        found = self._begin()
        if found is not None:
            self._take_prometheus_port()
        self._take_pipeline_ports()
        self._containers.hand_over()
        self._set_state("starting")
        self._start_pipeline()
        with self.step("prometheus"):
            self._start_prometheus(found)
        with self.step("containers"):
            self._start_containers()
        with self.step("services"):
            to_the_end(self.await_ready(self._boxes))
        self._await_pipeline()
        self._set_state("ready")

    def entry_url(self) -> str:
        """The address that clients use: the entry's first replica."""
        return next(box.url for box in self._boxes if box.service == self.project.fleet.entry)

    @property
    def discovery_file(self) -> Path:
        """Where the load finds all replicas that take requests; the fleet's own callers find each other by name."""
        return self.run_dir / "discovery.json"

    @property
    def unable(self) -> Mapping[str, str]:
        """It can do everything, as long as Docker tells of its containers."""
        blind = self._events is not None and self._events.returncode is not None and not self._events.asked_to_stop
        return BLIND if blind else MappingProxyType({})

    def stores(self) -> dict[str, str]:
        """Service to store URL, as hooks reach it in their container."""
        services = self.project.fleet.services.items()
        if self._compose.store is None:
            return {}
        return {name: self._compose.store.format(service=name) for name, service in services if service.store}

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Containers that ended by themselves, and what of this stack's own processes did."""
        self.watch()
        return sorted([*self._deaths.exits, *self._losses.exits], key=lambda each: each.at)

    def restart(self, service: str, replica: int | None = None) -> None:
        """One replica after another, until each is ready. Raises UsageError for one that is not there."""
        to_the_end(self.restarting(service, replica))

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """`restart` in turns."""
        if (component := self._restarting_component(service)) is not None:
            yield from component
            return
        chosen = [box for box in self._boxes if box.service == service and replica in {None, box.replica}]
        if not chosen:
            known = ", ".join(box.instance for box in self._boxes)
            wanted = service if replica is None else f"{service}-{replica}"
            raise UsageError(f"there is no {wanted} in run {self.run.id}. Running are: {known}.")
        for number, box in enumerate(chosen):
            if number:
                yield from _waited(SETTLE_SECONDS)
            yield from self._restart(box)

    def drain(self) -> list[StopRecord]:
        """Each layer with the time it needs, callers before those they call. What had died by itself has no record."""
        self.watch()
        self._set_state("draining")
        records: list[StopRecord] = []
        for layer in self.project.fleet.stop_order():
            records += to_the_end(stopped([box.child for box in self._boxes if box.service in layer and not box.lost]))
        for record in records:
            self.run.event("stop", **asdict(record))
        return records

    def down(self) -> None:
        """Prometheus by itself; containers, networks and volumes are the guardian's to remove, here as after a kill."""
        if self._guardian is None:
            return
        with self.step("stop"):
            self.watch()
            self._set_state("stopping")
            if self._events is not None:
                self._events.terminate()
            self._end()

    # Hooks

    def call_hook(self, name: str, command: Sequence[str], timeout: float = 120.0, **document: Any) -> dict[str, Any]:
        """Run a hook in a container of its own, where the stores are. Raises HookError."""
        service, shared = self._compose.hooks, self._compose.run
        if service is None or shared is None:
            raise HookError(
                f"hook {name} needs a container, and seatrial.yml names none. Add compose.hooks and compose.run."
            )
        self._hooks += 1
        container = f"{self._containers.name}-hook-{name}-{self._hooks}"
        options = ("run", "--rm", "--no-deps", "--no-TTY", "--name", container, service)
        told = inside(self.hook_document(**document), str(self.run_dir), shared.path)
        try:
            return hooks.run_hook(
                name,
                self._containers.command(*options, *command),
                told,
                cwd=self.project.root,
                environment=self._containers.environment(),
                log=self.run.logs / f"hook-{name}.out",
                timeout=timeout,
            )
        except HookError:
            # The command has ended; its container may not have. If it cannot be removed, the guardian does so later.
            with contextlib.suppress(StackError):
                docker.docker("rm", "--force", container)
            raise

    # Starting

    def _start_containers(self) -> None:
        self._events = self._child("docker-events", self._watching(), lines=("stdout", self._deaths.file))
        numbers = [part for name, number in self._numbers.items() for part in ("--scale", f"{name}={number}")]
        services = list(self.project.fleet.services)
        up = self._child("compose", self._containers.command("up", "--detach", "--no-build", *numbers, *services))
        until = time.monotonic() + UP_SECONDS
        while up.returncode is None and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        found = docker.containers_of(self._containers.name)
        if up.returncode != 0:  # None: it still runs
            raise StackError(self._not_up(found, up))
        self._refuse_ended(found)
        self._boxes = boxes_of(self.project.fleet, self._compose, found, self._child_of)
        self.publish()

    def _watching(self) -> list[str]:
        labelled = f"label={docker.PROJECT_LABEL}={self._containers.name}"
        return ["docker", "events", "--filter", labelled, "--filter", "event=die", "--format", "{{json .}}"]

    def _child(self, name: str, command: Sequence[str], lines: tuple[str, Path] | None = None) -> Child:
        output = self.run.logs / f"{name}.out"
        return processes.start(
            name, command, environment=self._containers.environment(), cwd=self.project.root, output=output, lines=lines
        )

    def _child_of(self, instance: str, container: Container) -> ContainerChild:
        return ContainerChild(instance, container.key, self._containers.name, self._containers.environment())

    def _not_up(self, found: Sequence[Container], up: Child) -> str:
        """What compose said, and the ends of what those said that are not well."""
        if up.returncode is None:
            up.kill()
        unwell = [each for each in found if not each.healthy or (not each.running and each.exit_code)]
        ends = [f"{each.name} ends:\n{self._keep_output(each.name, each.key)}" for each in unwell]
        remedy = f"If images are missing: docker compose build, or make images-offline. All of it: {up.output}"
        return "\n".join([f"the containers do not start. compose ends:\n{processes.tail(up.output)}", *ends, remedy])

    def _refuse_ended(self, found: Iterable[Container]) -> None:
        """One that ended at once has no address any more; that must not pass for a wrong network."""
        for each in found:
            if each.service in self.project.fleet.services and not (each.running or each.one_off):
                output = self._keep_output(each.name, each.key)
                raise StackError(f"{each.name} ended with exit code {each.exit_code} while it started:\n{output}")

    def _keep_output(self, name: str, key: str) -> str:
        file = self.run.logs / f"{name}.out"
        write_text(file, docker.last_lines(key, 200))
        return processes.tail(file)

    def start(self, box: Box) -> None:
        """Start the replica's container again; its address may be another one."""
        box.ready, box.lost = False, False
        docker.docker("start", box.child.key)
        container = docker.inspect([box.child.key], self._containers.name)[0]
        self._refuse_ended([container])
        box.found(container, self._compose.network)
        box.child = self._child_of(box.instance, container)
        self.publish()

    def await_ready(self, awaited: Sequence[Box]) -> Turns[None]:
        """Until all are ready. Raises StackError."""
        checks: dict[str, Callable[[], bool]] = {box.instance: partial(self._is_ready, box) for box in awaited}
        if self._state == "starting":
            checks |= self._prometheus_check()
        told = partial(self._on_event, "ready")
        yield from ready(checks, self._others(), lambda name, seconds: told(name=name, seconds=seconds))
        for box in awaited:
            box.ready = True

    def _is_ready(self, box: Box) -> bool:
        self.watch()
        if box.lost:
            output = self._keep_output(box.instance, box.child.key)
            raise StackError(f"{box.instance} ended with exit code {box.child.returncode} while it started:\n{output}")
        return observation.is_ready(box.url, self._admin_path(box, "ready"))

    def _admin_path(self, box: Box, name: str) -> str | None:
        path = getattr(self.project.fleet.admin_of(box.service), name)
        return None if path is None else box.admin_url + path

    # While it runs

    def _restart(self, box: Box) -> Turns[None]:
        """One replica. The load is told to ask the others meanwhile; other callers go by names, of which nobody can take it out
        before it ends: they find it closed, and ask another.
        """
        self.watch()
        told_of = box.service == self.project.fleet.entry
        serving = [each for each in self._boxes if each.service == box.service and each is not box and _serves(each)]
        done = yield from restarted(self, box, alone=not (told_of and serving))
        told = {"service": box.service, "instance": box.instance, "seconds": done.seconds}
        stop = asdict(done.stop) if done.stop else None
        self.run.event("restart", **told, down_seconds=done.down_seconds, emptied=done.emptied, stop=stop)
        self._on_event("restarted", **told)
        self._set_state(self._state)

    def publish(self) -> None:
        """Write what the load discovers, and what Prometheus does."""
        write_json(self.discovery_file, traffic_targets(self._boxes))
        self._write_targets()

    def traffic(self, box: Box) -> Traffic | None:
        """What the replica's metrics say of its requests."""
        return traffic(self._exposition(box), self.project.telemetry, box.service)

    def keep_counts(self, box: Box) -> None:
        """Write its metrics into the run's folder of those that were left; nothing when nobody answers."""
        self._keep_left(box.instance, self._exposition(box))

    def _exposition(self, box: Box) -> str | None:
        url = self._admin_path(box, "metrics")
        return None if url is None else observation.fetch(url)

    def is_free(self, box: Box) -> bool:
        """Always: a container that has ended holds no port."""
        del box
        return True

    def watch(self) -> None:
        """Note every container and process that ended without having been asked to."""
        self._deaths.look(self._boxes)
        self._losses.look([], self._others())

    # What others read

    def entries(self) -> list[dict[str, Any]]:
        """All replicas, as stack.json has them: known by their answers, since their processes are Docker's."""
        return [self._entry(box) for box in self._boxes]

    def _entry(self, box: Box) -> dict[str, Any]:
        logs = self._compose.logs
        log_file = logs and self.run.logs / logs.path.format(hostname=box.hostname)
        return {
            "service": box.service,
            "instance": box.instance,
            "replica": box.replica,
            "url": box.url,
            "admin_url": box.admin_url,
            "metrics_url": self._admin_path(box, "metrics"),
            "ready_url": self._admin_path(box, "ready"),
            "external": True,
            "main_pid": None,
            "worker_pid": None,
            "ready": box.ready,
            "log_file": log_file and str(log_file),
        }


def _waited(seconds: float) -> Turns[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def _serves(box: Box) -> bool:
    """Whether clients that are sent there are answered."""
    return box.listed and box.ready and not box.lost

"""A fleet in containers, started by its own compose file, owned by the process that calls `up`.

What measures it is this machine's, as for every stack: Prometheus, Alertmanager and the load run beside the
containers and reach each at its own address (docs/adr/0022-containers.md). Leaves Docker's commands to docker.py, which
container is which replica to boxes.py.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seatrial import hooks
from seatrial.errors import HookError, StackError
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_text
from seatrial.settings import Settings
from seatrial.stacks import docker, observation, processes
from seatrial.stacks.boxes import Box, Deaths, boxes_of, stores_of
from seatrial.stacks.compose_project import ComposeProject, inside, refuse_without_compose
from seatrial.stacks.docker import Container, ContainerChild
from seatrial.stacks.guardian import PROJECT_LABEL
from seatrial.stacks.owned import OnEvent, ignore
from seatrial.stacks.pipeline import Wanted
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.started import StartedStack
from seatrial.stacks.turns import POLL_SECONDS, Turns, to_the_end
from seatrial.stacks.watch import Watch

# Images may have to be fetched.
UP_SECONDS = 300.0
# Callers look names up each half second, and leave a replica that was closed alone for a quarter: the next must not go before
# they have come back to the one before, or they find nobody.
SETTLE_SECONDS = 1.0
BLIND = MappingProxyType({"restarts.unplanned": "`docker events` ended, so nobody saw whether a container did"})


class ComposeStack(StartedStack[Box]):
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
        self._seats: list[Box] = []
        self._events: Child | None = None
        self._deaths = Deaths(run.logs / "docker-events.jsonl", self._tell_loss)
        self._losses = Watch(self._tell_loss)
        self._hooks = 0
        self._stores: dict[str, str] = {}

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
            to_the_end(self.await_ready(self._seats))
        self._await_pipeline()
        self._set_state("ready")

    @property
    def unable(self) -> Mapping[str, str]:
        """It can do everything, as long as Docker tells of its containers."""
        blind = self._events is not None and self._events.returncode is not None and not self._events.asked_to_stop
        return BLIND if blind else MappingProxyType({})

    def stores(self) -> dict[str, str]:
        """Service to store URL, as its containers were told it; hooks, in theirs, reach it by the same."""
        return self._stores

    def unplanned_exits(self) -> list[UnplannedExit]:
        """Containers that ended by themselves, and what of this stack's own processes did."""
        self.watch()
        return sorted([*self._deaths.exits, *self._losses.exits], key=lambda each: each.at)

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
        self._seats = boxes_of(self.project.fleet, self._compose, found, self._child_of)
        self._stores = stores_of(found, self._compose.store_variable)
        self.publish()
        # Who reads stack.json from here on finds replicas: the shipper, whose files they write.
        self._set_state(self._state)

    def _watching(self) -> list[str]:
        labelled = f"label={PROJECT_LABEL}={self._containers.name}"
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

    def start(self, seat: Box) -> None:
        """Start the replica's container again; its address may be another one."""
        seat.ready, seat.lost = False, False
        docker.docker("start", seat.child.key)
        container = docker.inspect([seat.child.key], self._containers.name)[0]
        self._refuse_ended([container])
        seat.found(container, self._compose.network)
        seat.child = self._child_of(seat.instance, container)
        self.publish()

    def _is_ready(self, seat: Box) -> bool:
        self.watch()
        if seat.lost:
            output = self._keep_output(seat.instance, seat.child.key)
            raise StackError(
                f"{seat.instance} ended with exit code {seat.child.returncode} while it started:\n{output}"
            )
        return observation.is_ready(seat.url, self._admin_path(seat, "ready"))

    # While it runs

    def _met(self, seat: Box) -> None:
        seat.ready = True

    def _told_of(self, seat: Box) -> bool:
        """The load is. Other callers go by names, of which nobody can take it out before it ends: they find it closed, and ask another."""
        return seat.service == self.project.fleet.entry

    def _rested(self) -> Turns[None]:
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            yield

    def publish(self) -> None:
        """Write what the load discovers, and what Prometheus does: an address may have changed."""
        super().publish()
        self._write_targets()

    def is_free(self, seat: Box) -> bool:
        """Always: a container that has ended holds no port."""
        del seat
        return True

    def watch(self) -> None:
        """Note every container and process that ended without having been asked to."""
        self._deaths.look(self._seats)
        self._losses.look([], self._others())

    # What others read

    def _own_entry(self, seat: Box) -> dict[str, Any]:
        """It is known by its answers, since its processes are Docker's."""
        logs = self._compose.logs
        log_file = logs and self.run.logs / logs.path.format(hostname=seat.hostname)
        told = {"external": True, "main_pid": None, "log_file": log_file and str(log_file)}
        return {**told, "container": seat.child.key}

"""What every stack has that this process owns: a run, a guardian, a Prometheus of its own, a state that others can read.

Owns these and the hooks. Leaves to each kind of stack where its replicas are, and what may be done with them.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from seatrial import hooks
from seatrial.alerts.components import PROMETHEUS
from seatrial.alerts.components import SHIPPER as SHIP_JOB
from seatrial.errors import StackError
from seatrial.objectives.windows import TRIAL
from seatrial.project.project import RULES, Project
from seatrial.render.rules import rule_files
from seatrial.run_folder import RunFolder, write_json, write_text
from seatrial.settings import Settings, child_environment, read_settings
from seatrial.stacks import observation, processes, prometheus
from seatrial.stacks.alerting import Alerting
from seatrial.stacks.guardian import Guardian
from seatrial.stacks.pipeline import SERVER, SHIPPER, LogPipeline, Pipeline, Wanted
from seatrial.stacks.places import HOST
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import Replica, UnplannedExit
from seatrial.stacks.turns import Turns, to_the_end

PROMETHEUS_PORT = 9090
PROMETHEUS_SECONDS = 1.5


class OnEvent(Protocol):
    """Told what happens: step-started, step-finished, ready, restarted, unplanned-exit."""

    def __call__(self, kind: str, /, **data: Any) -> None:
        """`data` is plain text and numbers; times are seconds."""


def ignore(_kind: str, /, **_data: Any) -> None:
    """Tell nobody."""


class OwnedStack(ABC):
    """The common part of every stack.protocol.Stack; nothing is touched before `up`."""

    def __init__(
        self,
        project: Project,
        run: RunFolder,
        *,
        ports_preferred: bool = False,
        on_event: OnEvent = ignore,
        settings: Settings | None = None,
        pipeline: Wanted | None = None,
    ) -> None:
        self.project = project
        self.run = run
        self.run_dir = run.path
        self._ports_preferred = ports_preferred
        self._on_event = on_event
        self._settings = settings or read_settings()
        self._ports = PortLocks(self._settings.runtime_dir / "ports", run.id)
        self._prometheus: Child | None = None
        self._prometheus_url: str | None = None
        self._alerting = Alerting(project, run, self._settings)
        self._pipeline = LogPipeline(project, run, self._settings, pipeline) if pipeline else None
        self._guardian: Guardian | None = None
        self._state = "new"

    # What each kind of stack says

    @abstractmethod
    def entries(self) -> list[dict[str, Any]]:
        """All replicas as stack.json has them: what a Replica is made of, `ready_url` and whether they are `external`."""

    @abstractmethod
    def entry_url(self) -> str:
        """The address that clients use."""

    @abstractmethod
    def watch(self) -> None:
        """Note every process that ended without having been asked to."""

    def stores(self) -> dict[str, str]:
        """Service to store URL."""
        return {}

    # What anybody may ask

    def replicas(self) -> list[Replica]:
        """Every replica that should be running; `ready` and pids as they are now."""
        found = self.status()["services"]
        return [Replica(**{**each, "log_file": each["log_file"] and Path(each["log_file"])}) for each in found]

    def prometheus_url(self) -> str | None:
        """None when none is to be started."""
        return self._prometheus_url

    @property
    def deaf(self) -> str:
        """Why nobody is told of alerts; empty when somebody is, or nobody is to be."""
        return self._alerting.obstacle

    def pipeline(self) -> Pipeline | None:
        """The log pipeline, as it is now; None when nobody asked for one."""
        return self._pipeline.view() if self._pipeline else None

    def status(self) -> dict[str, Any]:
        """The status document, looked up now."""
        self.watch()
        return observation.observe(self._document())

    def hook_document(self, samples: Path | None = None, *, seed: int = 0, **extra: Any) -> dict[str, Any]:
        """What a hook is told."""
        services = self.status()["services"]
        return hooks.hook_document(self.run_dir, services, self.stores(), samples, seed=seed, **extra)

    def call_hook(self, name: str, command: Sequence[str], timeout: float = 120.0, **document: Any) -> dict[str, Any]:
        """Run a hook of the project against this stack; `document` as for `hook_document`. Raises HookError."""
        return hooks.run_hook(
            name,
            command,
            self.hook_document(**document),
            cwd=self.project.root,
            environment=child_environment(self.run.id),
            log=self.run.logs / f"hook-{name}.out",
            timeout=timeout,
        )

    def _keep_left(self, instance: str, exposition: str | None) -> None:
        """Write what a replica had counted when it was restarted into the run's folder of such; nothing of a silent one."""
        folder = self.run.metrics / "left"
        folder.mkdir(exist_ok=True)
        if exposition is not None:
            write_text(folder / f"{time.time_ns()}.{instance}.prom", exposition)

    @contextmanager
    def step(self, step: str) -> Iterator[None]:
        """Tell when a step begins and ends, and how long it took."""
        started = time.monotonic()
        self._on_event("step-started", step=step)
        yield
        self._on_event("step-finished", step=step, seconds=time.monotonic() - started)

    # Prometheus

    def _begin(self) -> prometheus.Installation | None:
        """Find Prometheus, if one is wanted, before anything is started; then put all under a guardian."""
        found = self._find_prometheus()
        self._guardian = Guardian.start(self.run.id, self.run_dir, self._ports.folder, child_environment(self.run.id))
        return found

    def _find_prometheus(self) -> prometheus.Installation | None:
        if self.project.prometheus is None:
            return None
        found = prometheus.find_prometheus(self._settings.cache_dir)
        if found is None:
            raise StackError(f"no Prometheus that will do was found. {prometheus.REMEDY}")
        return found

    def _take_prometheus_port(self) -> None:
        port = self._ports.take([PROMETHEUS_PORT] if self._ports_preferred else [])
        self._prometheus_url = f"http://{HOST}:{port}"
        self._alerting.take_ports(self._ports, preferred=self._ports_preferred)

    def _take_pipeline_ports(self) -> None:
        if self._pipeline is not None:
            self._pipeline.take_ports(self._ports, preferred=self._ports_preferred)

    def _write_targets(self) -> None:
        """A file per service, which Prometheus reads, and one for each component."""
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in self.project.fleet.services}
        for each in self.entries():
            if each["metrics_url"] is not None:
                job, instance = each["service"], each["instance"]
                groups[job].append(prometheus.scraped_at(each["metrics_url"], job=job, instance=instance))
        for name, group in groups.items():
            write_json(self.run.metrics / "prometheus" / "targets" / f"{name}.json", group)
        components = {PROMETHEUS: f"{self._prometheus_url}/metrics", **self._alerting.targets()}
        for name, url in components.items() if self._prometheus_url else ():
            group = [prometheus.scraped_at(url, job=name, instance=name)]
            write_json(self.run.metrics / "prometheus" / "components" / f"{name}.json", group)

    def _start_prometheus(self, found: prometheus.Installation | None) -> None:
        if found is None or self.project.prometheus is None or self._prometheus_url is None:
            return
        configuration = prometheus.copy_configuration(self.project.prometheus, self.run.metrics)
        for name, text in rule_files(self.project, TRIAL).items():
            write_text(configuration.parent / RULES / name, text)
        self._alerting.start()
        self._prometheus = processes.start(
            PROMETHEUS,
            prometheus.command(found.binary, configuration, self._prometheus_url.removeprefix("http://")),
            environment=child_environment(self.run.id),
            cwd=configuration.parent,
            output=self.run.logs / "prometheus.out",
        )

    def _prometheus_check(self) -> dict[str, Callable[[], bool]]:
        """Whether Prometheus is ready, by its name; empty when there is none."""
        if self._prometheus_url is None:
            return {}
        ready = partial(observation.answers, f"{self._prometheus_url}/-/ready")
        return {PROMETHEUS: ready, **self._alerting.checks()}

    def _start_pipeline(self) -> None:
        """It starts beside the fleet: a JVM takes its time."""
        if self._pipeline is not None:
            self._pipeline.start()

    def _await_pipeline(self) -> None:
        """Its templates are there and the shipper runs when this returns, or there is an obstacle."""
        if self._pipeline is not None:
            with self.step("log pipeline"):
                to_the_end(self._pipeline.await_server())
            if not self._pipeline.obstacle:  # a shipper that never ran would be taken to be down
                group = [prometheus.scraped_at(self._pipeline.metrics_url, job=SHIP_JOB, instance=SHIP_JOB)]
                write_json(self.run.metrics / "prometheus" / "targets" / f"{SHIP_JOB}.json", group)

    def _others(self) -> list[Child]:
        """The processes that are no replica's."""
        own = [self._prometheus] if self._prometheus else []
        return [*own, *self._alerting.children(), *(self._pipeline.children() if self._pipeline else [])]

    def _restarting_component(self, name: str) -> Turns[None] | None:
        """Of the log pipeline's processes; None for what is none of them."""
        if self._pipeline is None or name not in {SERVER, SHIPPER}:
            return None
        return self._component_restarted(self._pipeline, name)

    def _component_restarted(self, pipeline: LogPipeline, name: str) -> Turns[None]:
        self.watch()
        began = time.monotonic()
        yield from pipeline.restarting(name)
        seconds = time.monotonic() - began
        self.run.event("component-restart", name=name, seconds=seconds)
        self._on_event("restarted", service=name, instance=name, seconds=seconds)
        self._set_state(self._state)

    def _end(self) -> None:
        """Stop Prometheus and the log pipeline, then all that the guardian still finds."""
        deadline = time.monotonic() + PROMETHEUS_SECONDS
        processes.stop_all([self._prometheus] if self._prometheus else [], deadline)
        self._alerting.stop(deadline)
        if self._pipeline is not None:
            self._pipeline.stop(deadline)
        self._ports.release()
        self._set_state("stopped")
        if self._guardian is not None:
            self._guardian.release()
        self._guardian = None

    # What others read

    def _tell_loss(self, found: UnplannedExit) -> None:
        told = {"name": found.name, "pid": found.pid, "returncode": found.returncode}
        self.run.event("unplanned-exit", **told)
        self._on_event("unplanned-exit", **told)

    def _set_state(self, state: str) -> None:
        self._state = state
        write_json(self.run_dir / observation.FILE_NAME, self._document())

    def _document(self) -> dict[str, Any]:
        """stack.json: all that does not need to be looked up."""
        pid = self._prometheus.pid if self._prometheus else None
        services = self.entries()
        return {
            "run": self.run.id,
            "run_dir": str(self.run_dir),
            "kind": self.run.record["kind"],
            "state": self._state,
            "owner_pid": os.getpid(),
            "owner_started": processes.started_at(os.getpid()),
            "entry_url": self.entry_url() if services else None,  # none before there are ports
            "services": services,
            "prometheus": {"url": self._prometheus_url, "pid": pid} if self._prometheus_url else None,
            "alertmanager": self._alerting.document(),
            "elasticsearch": self._pipeline.document() if self._pipeline else None,
            "stores": sorted({url.partition(":")[0] for url in self.stores().values()}),
        }

"""The log pipeline beside a stack: an Elasticsearch, and the shipper that fills it.

Owns both processes and what becomes of the trial when they cannot be had: an obstacle in words, never an end. Leaves
the server's ways to elasticsearch.py, and shipping to seatrial.ship.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.backends.access import Access
from seatrial.backends.elasticsearch import Documents, connect, features
from seatrial.backends.errors import BackendError
from seatrial.errors import StackError, UsageError
from seatrial.project.project import Project
from seatrial.render.index_templates import templates
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings, child_environment
from seatrial.ship.names import IndexNames
from seatrial.stacks import elasticsearch, observation, processes
from seatrial.stacks.draining import stopped
from seatrial.stacks.places import HOST
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.processes import Account, Child
from seatrial.stacks.turns import Turns

SERVER, SHIPPER = observation.COMPONENTS
PORT, SHIP_PORT = 9200, 9205
# A cold JVM on two busy cores was ready after 21 to 35 s.
SERVER_SECONDS = 90.0
# One that runs already need not be waited for.
REACH_SECONDS = 10.0
SHIPPER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `--with elasticsearch` asks for: a server of one's own, or the one at `url`."""

    url: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What others need of it. `lacks` are features that the server has not; with an `obstacle` there is nothing to ask."""

    url: str
    names: IndexNames
    access: Access
    folder: Path
    metrics_url: str
    lacks: tuple[str, ...] = ()
    obstacle: str = ""

    def documents(self) -> Documents:
        """All days' documents."""
        return Documents(connect(self.url, self.access), self.names.alias)


class LogPipeline:
    """Nothing is touched before `start`; everything from the main thread."""

    def __init__(self, project: Project, run: RunFolder, settings: Settings, wanted: Wanted) -> None:
        self._project, self._run, self._settings, self._wanted = project, run, settings, wanted
        self._names = IndexNames.of(project.fleet.name, run.id if wanted.url else "")
        self._url = (wanted.url or "").rstrip("/")
        self._ship_port = 0
        self._command: tuple[list[str], dict[str, str]] | None = None
        self._who: Account | None = None
        self._server: Child | None = None
        self._shipper: Child | None = None
        self._lacks: tuple[str, ...] = ()
        self.obstacle = ""

    # Starting

    def take_ports(self, ports: PortLocks, *, preferred: bool) -> None:
        """Before anything is started, so that Prometheus can be told."""
        self._ship_port = ports.take([SHIP_PORT] if preferred else [])
        if not self._url:
            try:
                self._prepare(ports, preferred=preferred)
            except StackError as error:
                self.obstacle = str(error)

    def _prepare(self, ports: PortLocks, *, preferred: bool) -> None:
        settings = self._settings
        found = elasticsearch.find_elasticsearch(settings.cache_dir, settings.es_home, settings.java_home)
        if found is None:
            raise StackError(f"no Elasticsearch that will do, or no Java for it, was found. {elasticsearch.REMEDY}")
        self._who = elasticsearch.account()
        folder = elasticsearch.work_folder(self._run.path, self._who)
        place = elasticsearch.Place(folder, ports.take([PORT] if preferred else []), ports.take())
        self._command = elasticsearch.prepare(found, place, self._who)
        self._url = f"http://{HOST}:{place.port}"
        self._run.record["versions"] = {**self._run.record.get("versions", {}), "elasticsearch": found.version}
        self._run.save()

    def start(self) -> None:
        """Start the server, if it is to be one of this run's own; `await_server` when all else is under way."""
        if self._command is not None and not self.obstacle:
            command, environment = self._command
            self._server = processes.start(
                SERVER,
                command,
                environment=child_environment(self._run.id, environment),
                cwd=Path("/"),
                output=self._run.logs / f"{SERVER}.out",
                who=self._who,
            )

    def await_server(self) -> Turns[None]:
        """Until it answers, has its templates, and lines are being shipped; what prevents it becomes the obstacle."""
        if self.obstacle:
            return
        if not (yield from self._answering()):
            return
        try:
            client = connect(self._url, self._settings.elasticsearch)
            Documents(client, self._names.alias).put_templates(templates(self._project.telemetry.logs, self._names))
            self._lacks = tuple(name for name, there in features(client).items() if not there)
        except BackendError as error:
            self.obstacle = str(error)
            return
        (self._run.path / "ship").mkdir(exist_ok=True)
        self._start_shipper()
        yield from self._shipping()

    def _answering(self) -> Turns[bool]:
        patience = SERVER_SECONDS if self._server is not None else REACH_SECONDS
        until = time.monotonic() + patience
        while not self._answers():
            if self._server is not None and self._server.returncode is not None:
                self.obstacle = f"Elasticsearch ended with exit code {self._server.returncode} while it started."
            elif time.monotonic() > until:
                self.obstacle = f"Elasticsearch at {self._url} did not answer within {patience:g} s."
            if self.obstacle:
                self.obstacle += f" {self._tail(self._server)}"
                return False
            yield
        return True

    def _answers(self) -> bool:
        try:
            connect(self._url, self._settings.elasticsearch, timeout=2.0).cluster.health()
        except Exception as error:  # noqa: BLE001 - whatever the client raises: it does not answer yet
            return bool(getattr(getattr(error, "meta", None), "status", 0) in {401, 403})  # told by the next question
        return True

    def _shipping(self) -> Turns[None]:
        until = time.monotonic() + SHIPPER_SECONDS
        while not observation.answers(self.metrics_url):
            if time.monotonic() > until or (self._shipper and self._shipper.returncode is not None):
                self.obstacle = f"the shipper does not run. {self._tail(self._shipper)}"
                return
            yield

    @staticmethod
    def _tail(child: Child | None) -> str:
        return f"{child.output} ends:\n{processes.tail(child.output)}" if child else ""

    def _start_shipper(self) -> None:
        options = ["--elasticsearch", self._url, "--port", str(self._ship_port)]
        self._shipper = processes.start(
            SHIPPER,
            [
                sys.executable,
                "-m",
                "seatrial.cli",
                "--project",
                str(self._project.file),
                "ship",
                self._run.id,
                *options,
            ],
            environment=child_environment(self._run.id, {"SEATRIAL_RUNS_DIR": str(self._run.path.parent)}),
            cwd=self._project.root,
            output=self._run.logs / f"{SHIPPER}.out",
        )

    # While it runs

    @property
    def metrics_url(self) -> str:
        """Where the shipper's metrics are."""
        return f"http://{HOST}:{self._ship_port}/metrics"

    def children(self) -> list[Child]:
        """The processes that were started."""
        return [child for child in (self._server, self._shipper) if child is not None]

    def view(self) -> Pipeline:
        """As it is now."""
        access, folder = self._settings.elasticsearch, self._run.path / "ship"
        return Pipeline(self._url, self._names, access, folder, self.metrics_url, self._lacks, self.obstacle)

    def document(self) -> dict[str, Any]:
        """As stack.json has it."""
        pids = {name: child.pid for name, child in ((SERVER, self._server), (SHIPPER, self._shipper)) if child}
        return {
            "url": self._url or None,
            "alias": self._names.alias,
            "pid": pids.get(SERVER),
            "shipper": {"pid": pids.get(SHIPPER), "metrics_url": self.metrics_url},
            "obstacle": self.obstacle,
        }

    def restarting(self, name: str) -> Turns[None]:
        """Start one of the two anew; one that has died is started too. Raises UsageError where it is not this run's."""
        child = {SERVER: self._server, SHIPPER: self._shipper}[name]
        if child is None:
            raise UsageError(f"{name} was not started by run {self._run.id}. Restart it where it runs.")
        yield from stopped([child])
        if name == SHIPPER:
            self._start_shipper()
            yield from self._shipping()
        else:
            self.start()
            yield from self._answering()
        if self.obstacle:
            raise StackError(self.obstacle)

    # Stopping

    def stop(self, deadline: float) -> None:
        """Both, by `deadline` (monotonic seconds); the server's data go with it."""
        processes.stop_all([child for child in (self._shipper, self._server) if child], deadline)
        elasticsearch.remove_work_folder(self._run.path)

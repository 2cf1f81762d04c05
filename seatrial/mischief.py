"""What a drill does to a stack that runs, and how it is undone. Ends or stops processes and containers of that stack's own run only.

Owns the actions of drills.yml. Leaves when to do them, and what comes of it, to drilling.py.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from seatrial import hooks
from seatrial.alerts.drills import Drill
from seatrial.errors import UsageError
from seatrial.faults import parse_fault
from seatrial.project.project import Project
from seatrial.run_folder import read_json, write_json
from seatrial.settings import child_environment
from seatrial.stacks import control, observation
from seatrial.stacks.docker import docker
from seatrial.stacks.processes import is_same
from seatrial.stacks.turns import Turns

RESTART_SECONDS = 90.0
# A process that lives for less may be met by no scrape.
SCRAPED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A stack that runs, as any process of this user sees it."""

    project: Project
    run_dir: Path

    def document(self) -> dict[str, Any]:
        """Its status, looked up now."""
        found = observation.read_stack(self.run_dir)
        if found is None:
            raise UsageError(f"{self.run_dir} holds no stack.")
        return observation.observe(found)

    def hook(self, name: str, command: Sequence[str], **told: Any) -> dict[str, Any]:
        """Run a command of the project's as a hook. Raises HookError."""
        return hooks.run_hook(
            name,
            command,
            hooks.hook_document(self.run_dir, self.document()["services"], {}, **told),
            cwd=self.project.root,
            environment=child_environment(self.run_dir.name),
            log=self.run_dir / "logs" / f"hook-{name}.out",
        )

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """A planned restart by the stack's owner."""
        document = self.document()
        request = {"action": "restart", "service": service, "replica": replica}
        owner = (document["owner_pid"], document["owner_started"])
        yield from control.asking(self.run_dir, request, alive=lambda: is_same(*owner), timeout=RESTART_SECONDS)


@dataclass(frozen=True, slots=True)
class Target:
    """What is ended or frozen: a container, by Docker's key of it, or a process; neither where it is somebody else's."""

    name: str
    pid: int | None
    container: str | None = None

    def process(self) -> int:
        """Its process. Raises UsageError when the stack has none."""
        if self.pid is None:
            raise UsageError(f"the stack runs no process of {self.name}: it is somebody else's.")
        return self.pid


@dataclass(frozen=True, slots=True)
class Mischief:
    """One action of a drill."""

    drill: Drill
    standing: Standing

    def doing(self) -> Turns[None]:
        """Do it."""
        drill = self.drill
        if drill.fault:
            self._faults("apply")
        elif drill.kill:
            self._kill(drill.kill)
        elif drill.freeze:
            self._freeze(drill.freeze, frozen=True)
        elif drill.forget:
            self._targets(told=False)
        elif drill.restart:
            for _ in range(drill.times):
                yield from self.standing.restarting(drill.restart)
                yield from _pause(SCRAPED_SECONDS)

    def again(self) -> None:
        """What is to be done as long as nobody has noticed."""
        if self.drill.run is not None:
            self.standing.hook("drill", self.drill.run)

    def undoing(self) -> Turns[None]:
        """Undo it; idempotent, and of a drill that was not begun too."""
        drill = self.drill
        if drill.fault:
            self._faults("lift")
        elif drill.kill:
            yield from self.standing.restarting(drill.kill, 1)
        elif drill.freeze:
            self._freeze(drill.freeze, frozen=False)
        elif drill.forget:
            self._targets(told=True)

    def _faults(self, action: str) -> None:
        command = self.standing.project.hooks.fault
        if command is None:
            raise UsageError("a drill sets a fault, and seatrial.yml names no hooks.fault. Add it.")
        services = list(self.standing.project.fleet.services)
        faults = [parse_fault(text, services).document() for text in self.drill.fault]
        self.standing.hook("fault", command, action=action, faults=faults)

    def _kill(self, service: str) -> None:
        target = self._target(service)
        if target.container:
            docker("kill", "--signal", "KILL", target.container)
        else:
            os.killpg(target.process(), signal.SIGKILL)

    def _freeze(self, name: str, *, frozen: bool) -> None:
        """All of its processes stand still, or go on; idempotent."""
        target = self._target(name)
        if target.container:
            if (docker("inspect", "--format", "{{.State.Paused}}", target.container).strip() == "true") != frozen:
                docker("pause" if frozen else "unpause", target.container)
            return
        pid = target.process()
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            main = psutil.Process(pid)
            for process in (main, *main.children(recursive=True)):
                process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def _target(self, name: str) -> Target:
        """What the stack has beside the fleet, else the service's first replica. Raises UsageError when it has neither."""
        document = self.standing.document()
        logs = document.get("elasticsearch") or {}
        beside = {
            "prometheus": document.get("prometheus") or {},
            "alertmanager": document.get("alertmanager") or {},
            "elasticsearch": logs,
            "shipper": logs.get("shipper") or {},
        }
        if name in beside:
            return Target(name, beside[name].get("pid"))
        for each in document["services"]:
            if each["service"] == name:
                return Target(name, each["main_pid"], each.get("container"))
        raise UsageError(f"the stack runs no {name}.")

    def _targets(self, *, told: bool) -> None:
        file = self.standing.run_dir / "metrics" / "prometheus" / "targets" / f"{self.drill.forget}.json"
        kept = file.with_suffix(".kept")
        if not kept.exists():
            write_json(kept, read_json(file))
        write_json(file, read_json(kept) if told else [])


def _pause(seconds: float) -> Turns[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield

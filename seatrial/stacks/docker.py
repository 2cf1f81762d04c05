"""Docker by its command line, as much of it as a stack of containers needs. Raises StackError with what Docker said.

Owns the commands and what their answers mean. Leaves what a container is to a fleet to compose.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from seatrial.errors import StackError
from seatrial.stacks.guardian import PROJECT_LABEL

SECONDS = 60.0
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
REMEDY = "Install Docker with its plugin compose and start it; on Debian, as root: deploy/local-images/docker.sh"


@dataclass(frozen=True, slots=True)
class Container:
    """As `docker inspect` saw it. `started` is in seconds since the epoch; `addresses` are by the network's name in the compose file, of those it is in now."""

    key: str
    name: str
    service: str
    number: int
    one_off: bool
    hostname: str
    running: bool
    healthy: bool
    pid: int
    started: float
    exit_code: int
    addresses: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold secrets


def docker(*arguments: str, timeout: float = SECONDS) -> str:
    """What `docker ARGUMENTS` prints."""
    try:
        done = subprocess.run(
            ["docker", *arguments],  # noqa: S607 - whichever the machine has
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise StackError(f"there is no docker on PATH. {REMEDY}") from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"docker {arguments[0]} gave no answer within {timeout:g} s. Is its daemon well?") from error
    if done.returncode:
        raise StackError(f"docker {arguments[0]} ended with exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def refuse_without_docker() -> None:
    """Raise StackError, with the remedy, where no daemon answers or there is no `docker compose`."""
    for arguments in (("version", "--format", "{{.Server.Version}}"), ("compose", "version", "--short")):
        try:
            docker(*arguments)
        except StackError as error:
            raise StackError(f"{error} {'' if REMEDY in str(error) else REMEDY}".strip()) from error


def containers_of(project: str) -> list[Container]:
    """All of a compose project, running or not, by service and number."""
    keys = docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT_LABEL}={project}").split()
    return sorted(inspect(keys, project), key=lambda each: (each.service, each.number)) if keys else []


def inspect(keys: Sequence[str], project: str) -> list[Container]:
    """Those containers, as they are now."""
    return [_read(each, project) for each in json.loads(docker("inspect", *keys))]


def _read(found: Mapping[str, Any], project: str) -> Container:
    labels, state = found["Config"]["Labels"], found["State"]
    networks = found["NetworkSettings"]["Networks"]
    return Container(
        key=found["Id"],
        name=found["Name"].removeprefix("/"),
        service=labels.get(SERVICE_LABEL, ""),
        number=int(labels.get(NUMBER_LABEL) or 0),
        one_off=labels.get(ONE_OFF_LABEL) == "True",
        hostname=found["Config"]["Hostname"],
        running=state["Running"],
        healthy=(state.get("Health") or {}).get("Status", "healthy") == "healthy",
        pid=state["Pid"],
        started=datetime.fromisoformat(state["StartedAt"]).timestamp(),
        exit_code=state["ExitCode"],
        addresses={
            name.removeprefix(f"{project}_"): each["IPAddress"] for name, each in networks.items() if each["IPAddress"]
        },
        environment=dict(each.partition("=")[::2] for each in found["Config"]["Env"] or []),
    )


def last_lines(key: str, lines: int = 15) -> str:
    """The end of what it printed, both streams."""
    command = ["docker", "logs", "--tail", str(lines), key]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"(docker logs gave no answer within {SECONDS:g} s)"
    return done.stdout


class ContainerChild:
    """A container as something that can be asked to end; see draining.Ending and readiness.Starting.

    Asking is a command of its own, which runs while others are asked: `docker stop` returns when the container has ended.
    """

    def __init__(self, name: str, key: str, project: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.key = key
        self.asked_to_stop = False
        self._project = project
        self._environment = dict(environment)
        self._asking: subprocess.Popen[bytes] | None = None
        self._code: int | None = None

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        if self._code is None and self._asking is not None and self._asking.poll() is not None:
            found = inspect([self.key], self._project)[0]
            self._code = None if found.running else found.exit_code  # the command may have failed
        return self._code

    def died(self, code: int) -> None:
        """It was seen to have ended."""
        self._code = code

    def terminate(self, patience: float = SECONDS) -> None:
        """Ask it to drain and end; Docker kills it after `patience` seconds."""
        self.asked_to_stop = True
        if self._code is None and self._asking is None:
            self._asking = subprocess.Popen(
                ["docker", "stop", "--time", f"{patience:.0f}", self.key],  # noqa: S607 - whichever the machine has
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self._code is None and self.returncode is None:
            try:
                docker("kill", self.key)
            except StackError:
                if inspect([self.key], self._project)[0].running:  # else it ended in between
                    raise
            if self._asking is not None:
                self._asking.wait(SECONDS)
            self._code = inspect([self.key], self._project)[0].exit_code

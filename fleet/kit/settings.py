"""What a replica is told from outside: environment variables, read once, then frozen.

The only place of the kit that reads the environment. A service with knobs of its own derives from `Settings`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fleet.kit.errors import SettingsError

PREFIX = "SEATRIAL_"
Port = Annotated[int, Field(ge=0, le=65535)]
ANY_HOST = "0.0.0.0"  # noqa: S104 - compared with, not bound to
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Every field is the variable `SEATRIAL_<FIELD>`; an empty variable counts as absent. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Port = 8000
    admin_port: Port = 0  # 0: no admin port
    threads: Annotated[int, Field(ge=1, le=512)] = 8
    body_threads: Annotated[int, Field(ge=0, le=4096)] = (
        248  # for requests that wait for their bodies, made when needed
    )
    instance: str = ""  # see `name_of`
    neighbour: str = ""  # a host in the network that this replica is known by, where it is in several
    run_id: str = ""
    store: str = ""
    migrate: bool = True
    log_file: Path | None = None  # none: standard output; {hostname} in it is filled in
    log_file_bytes: Annotated[int, Field(ge=0)] = (
        0  # when it is longer, a new one is begun beside one old one; 0: never
    )
    log_echo: bool = False  # to standard output as well
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    telemetry_file: Path = Path(__file__).parents[1] / "telemetry.yml"
    discovery_file: Path | None = None
    discovery_dns_port: Port = (
        0  # where no file is named: the port of all replicas, which the services' names lead to; 0: not by DNS
    )
    client_secret_file: Path | None = None  # of services that call others for themselves
    faults: bool = False
    body_limit: Annotated[int, Field(ge=1, le=1 << 30)] = 1 << 20  # bytes
    deadline: Seconds = 10.0  # of a request whose caller sets none
    connect_timeout: Seconds = 1.0
    read_timeout: Seconds = 5.0
    attempts: Annotated[int, Field(ge=1, le=3)] = 3  # of a call that may be repeated, the first one included
    breaker_silences: Annotated[int, Field(ge=1, le=1000)] = 5  # attempts in a row without an answer, per replica
    breaker_open: Seconds = 0.25  # how long such a replica is left alone before one call may try
    drain: Annotated[int, Field(ge=1, le=600)] = 10

    def name_of(self, service: str) -> str:
        """What this replica of `service` is called: as it was told; where others reach it, by its address, as Prometheus
        finds it by DNS; `<service>-1` on the loopback.
        """
        return self.instance or f"{service}-{_own_address(self.neighbour) if self.host == ANY_HOST else 1}"

    def own_log_file(self) -> Path | None:
        """`log_file` with this host's name filled in: replicas that are told the same may share a folder."""
        return self.log_file and Path(str(self.log_file).replace("{hostname}", socket.gethostname()))


def _own_address(neighbour: str) -> str:
    """The one that leads to `neighbour`, else that of this host's name; the name itself where that leads nowhere."""
    name = socket.gethostname()
    try:
        if neighbour:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
                way.connect((neighbour, 9))  # sends nothing, and chooses the address to send from
                return str(way.getsockname()[0])
        return socket.gethostbyname(name)
    except OSError:
        return name


S = TypeVar("S", bound=Settings)


def load_settings(kind: type[S]) -> S:
    """The environment as `kind`.

    Raises:
        SettingsError: one sentence per wrong variable, naming it.
    """
    try:
        return kind()
    except ValidationError as error:
        sentences = (
            f"{PREFIX}{'.'.join(map(str, item['loc'])).upper()} is {item['input']!r}: {item['msg'].lower()}."
            for item in error.errors(include_url=False)
        )
        raise SettingsError(" ".join(sentences)) from None

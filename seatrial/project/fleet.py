"""fleet.yml: the services, how each is started or where it runs already, and who calls whom.

Owns the model, and what can be told of a service from it. Leaves the checks between its parts to fleet_checks.py and
starting anything to seatrial.stacks.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveFloat, StringConstraints

from seatrial.project.yaml_source import FileModel

STREAMS = frozenset({"stdout", "stderr"})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Command = Annotated[tuple[str, ...], Field(min_length=1)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/")]
Url = Annotated[
    str, StringConstraints(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$"), AfterValidator(lambda url: url.rstrip("/"))
]


class Admin(FileModel):
    """Paths at a replica's admin address, as far as it has them. Without `ready` it is ready when its port accepts."""

    metrics: UrlPath | None = None
    live: UrlPath | None = None
    ready: UrlPath | None = None


class Elsewhere(FileModel):
    """A replica that somebody else runs. `admin_url` is where metrics and health are, by default `url`; `log` is its
    file of log lines, relative to seatrial.yml, None when it is out of reach.
    """

    url: Url
    admin_url: Url | None = None
    log: str | None = None


class Service(FileModel):
    """One service. `command` starts a replica, `external` are those that run already; one of them is needed.

    `port` and `admin_port` are where `up` tries to put the first replica, or where it always is if nothing tells it a
    port. `admin` replaces the fleet's. `log` is where a started replica writes its lines: `stdout`, `stderr` or a
    file; by default the {log_file} that it is told, and otherwise it has none.
    """

    command: Command | None = None
    port: Port | None = None
    admin_port: Port | None = None
    replicas: Annotated[int, Field(ge=1, le=99, strict=True)] = 1
    store: Literal["sqlite"] | None = None
    calls: tuple[Name, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    admin: Admin | None = None
    log: str | None = None
    external: tuple[Elsewhere, ...] = ()


class Fleet(FileModel):
    """`entry` is the only service that clients talk to; `migrate` runs once before any replica.

    `cores_per_replica` is how many cores one replica can use, 1 for a Python process with its lock; absent: all.
    """

    name: Name
    entry: Name
    cores_per_replica: PositiveFloat | None = None
    admin: Admin = Admin()
    migrate: Command | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    services: Annotated[dict[Name, Service], Field(min_length=1)]

    def stop_order(self) -> list[list[str]]:
        """Layers to stop one after another: the entry first, then each service after its callers.

        Services that call one another in a circle share the last layer that can still be told apart.
        """
        layers, left = [[self.entry]], [name for name in self.services if name != self.entry]
        while left:
            called = {callee for name in left for callee in self.services[name].calls if callee != name}
            layer = [name for name in left if name not in called] or left
            layers.append(layer)
            left = [name for name in left if name not in layer]
        return layers

    def admin_of(self, service: str) -> Admin:
        """The paths of one service."""
        return self.services[service].admin or self.admin

    def environment_of(self, service: str) -> dict[str, str]:
        """The variables of one service, its own over the fleet's, with their {braces} as written."""
        return {**self.environment, **self.services[service].environment}

    def told(self, service: str) -> set[str]:
        """The names in braces that a started replica is told, by its command or its variables."""
        command = self.services[service].command or ()
        return {name.partition("[")[0] for name in placeholders([*command, *self.environment_of(service).values()])}

    def has_fixed_port(self, service: str) -> bool:
        """Whether it is not told one of its ports, so that it listens where it always does."""
        told = self.told(service)
        return "port" not in told or (self.services[service].admin_port is not None and "admin_port" not in told)

    def has_admin_port(self, service: str) -> bool:
        """Whether metrics and health are on a port of their own."""
        return self.services[service].admin_port is not None or "admin_port" in self.told(service)

    def log_of(self, service: str) -> str | None:
        """Where a started replica writes its lines: a stream's name or a template; None when it has no log."""
        named = self.services[service].log
        return named or ("{log_file}" if "log_file" in self.told(service) else None)

    def has_one_log(self, service: str) -> bool:
        """Whether all its replicas would write one file, whose lines would then be counted for each of them."""
        log = self.log_of(service)
        own = {"log_file", "instance", "replica", "port"}
        return log is not None and log not in STREAMS and own.isdisjoint(placeholders([log]))

    def probes(self, service: str) -> frozenset[str]:
        """The paths that Seatrial and Prometheus ask by themselves."""
        admin = self.admin_of(service)
        return frozenset(path for path in (admin.metrics, admin.live, admin.ready) if path)


def placeholders(templates: Iterable[str]) -> Iterator[str]:
    """What stands in {braces}. Raises ValueError for a brace that is left open."""
    for template in templates:
        yield from (field for _, field, _, _ in string.Formatter().parse(template) if field is not None)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The template with its {braces} replaced."""
    return template.format_map(values)

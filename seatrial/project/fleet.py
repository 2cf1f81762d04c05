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

    metrics: UrlPath | None = Field(default=None, description="Prometheus's exposition.")
    live: UrlPath | None = Field(default=None, description="Whether it lives.")
    ready: UrlPath | None = Field(default=None, description="Answers 200 when it is ready.")


class Elsewhere(FileModel):
    """A replica that somebody else runs."""

    url: Url = Field(description="Where it answers.")
    admin_url: Url | None = Field(default=None, description="Where metrics and health are; default: `url`.")
    log: str | None = Field(
        default=None, description="Its file of log lines, relative to seatrial.yml; default: out of reach."
    )


class Service(FileModel):
    """One service: `command` starts a replica, `external` are those that run already; one of them is needed."""

    command: Command | None = Field(default=None, description="Starts a replica, in the folder of seatrial.yml.")
    port: Port | None = Field(default=None, description="Tried first by `up`; its port, if nothing tells it one.")
    admin_port: Port | None = Field(
        default=None, description="Likewise, for metrics and health; default: they are on `port`."
    )
    replicas: Annotated[int, Field(ge=1, le=99, strict=True)] = Field(default=1, description="How many are started.")
    store: Literal["sqlite"] | None = Field(
        default=None, description="Its store, in the run's folder and shared by its replicas."
    )
    calls: tuple[Name, ...] = Field(default=(), description="The services that it calls.")
    environment: dict[str, str] = Field(default_factory=dict, description="Its variables, over the fleet's.")
    admin: Admin | None = Field(default=None, description="Its paths, in place of the fleet's.")
    log: str | None = Field(
        default=None,
        description="Where it writes its lines: `stdout`, `stderr` or a file; default: the `{log_file}` that it is told, else nowhere.",
    )
    external: tuple[Elsewhere, ...] = Field(
        default=(), description="Its replicas that run already, for `--on external`."
    )


class Fleet(FileModel):
    """The services, and what is common to them."""

    name: Name = Field(description="What the fleet is called.")
    entry: Name = Field(description="The only service that clients talk to.")
    cores_per_replica: PositiveFloat | None = Field(
        default=None, description="Cores that one replica can use, 1 for a Python process with its lock; default: all."
    )
    admin: Admin = Field(default=Admin(), description="Paths at each replica's admin address.")
    migrate: Command | None = Field(default=None, description="A hook that is run once, before any replica.")
    environment: dict[str, str] = Field(default_factory=dict, description="Variables of every service.")
    services: Annotated[dict[Name, Service], Field(min_length=1)] = Field(description="By name.")

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

"""fleet.yml: the services, how each is started, and who calls whom.

Owns the model and the checks between its parts; leaves starting anything to seatrial.stacks.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, StringConstraints

from seatrial.project.yaml_source import FileModel, Problem, load_yaml, validate

PLACEHOLDERS = frozenset(
    [
        "host",
        "port",
        "admin_port",
        "service",
        "replica",
        "instance",
        "store",
        "log_file",
        "discovery_file",
        "run_dir",
        "faults",
    ]
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Command = Annotated[tuple[str, ...], Field(min_length=1)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/")]


class Admin(FileModel):
    """Paths on a replica's admin port."""

    metrics: UrlPath = "/metrics"
    live: UrlPath = "/health/live"
    ready: UrlPath = "/health/ready"


class Service(FileModel):
    """One service. `port` and `admin_port` are where `up` tries to put its first replica."""

    command: Command
    port: Port
    admin_port: Port
    replicas: Annotated[int, Field(ge=1, le=99, strict=True)] = 1
    store: Literal["sqlite"] | None = None
    calls: tuple[Name, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)


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


def load_fleet(file: Path) -> Fleet:
    """Read fleet.yml. Raises ConfigError."""
    source = load_yaml(file)
    fleet = validate(source, Fleet)
    problems = list(contradictions(fleet))
    if problems:
        raise source.error(problems)
    return fleet


def contradictions(fleet: Fleet) -> Iterator[Problem]:
    """What is wrong between the parts, when each part by itself is right."""
    if fleet.entry not in fleet.services:
        yield Problem(("entry",), f"entry names '{fleet.entry}', which is no service. {_known(fleet)}")
    yield from _unknown_callees(fleet)
    yield from _ports_taken_twice(fleet)
    yield from _unknown_placeholders(fleet.environment, ())
    for name, service in fleet.services.items():
        yield from _unknown_placeholders(service.environment, ("services", name))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its {braces} replaced."""
    return template.format_map(values)


def _known(fleet: Fleet) -> str:
    return f"Known are: {', '.join(fleet.services)}."


def _unknown_callees(fleet: Fleet) -> Iterator[Problem]:
    for name, service in fleet.services.items():
        for index, callee in enumerate(service.calls):
            if callee not in fleet.services:
                keys = ("services", name, "calls", index)
                yield Problem(keys, f"{name} calls '{callee}', which is no service. {_known(fleet)}")


def _ports_taken_twice(fleet: Fleet) -> Iterator[Problem]:
    taken: dict[int, str] = {}
    for name, service in fleet.services.items():
        for field, port in (("port", service.port), ("admin_port", service.admin_port)):
            if port in taken:
                yield Problem(("services", name, field), f"port {port} is {taken[port]}'s already. Choose another.")
            taken.setdefault(port, name)


def _unknown_placeholders(environment: Mapping[str, str], keys: tuple[str, ...]) -> Iterator[Problem]:
    for variable, template in environment.items():
        where = (*keys, "environment", variable)
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
        except ValueError as error:
            yield Problem(where, f"{variable} is {template!r}: {error}. Write '{{{{' for a plain brace.")
            continue
        if used - PLACEHOLDERS:
            names = ", ".join(sorted(used - PLACEHOLDERS))
            yield Problem(where, f"{variable} uses {{{names}}}. Known are: {', '.join(sorted(PLACEHOLDERS))}.")

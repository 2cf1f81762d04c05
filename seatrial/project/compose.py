"""The key `compose` of seatrial.yml: how the fleet runs in containers. A service is called there as in fleet.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from seatrial.project.fleet import Port, placeholders
from seatrial.project.yaml_source import FileModel

OVERRIDE = "docker-compose.override.yml"


class Shared(FileModel):
    """A volume that is a folder of the run while a stack of Seatrial's stands."""

    volume: str = Field(description="Its name in the compose file.")
    path: str = Field(description="What is found there; see each.")


class Compose(FileModel):
    """What Seatrial must know of a compose file to start a fleet by it and to judge it."""

    files: Annotated[tuple[Path, ...], Field(min_length=1)] = Field(
        description=f"What `docker compose` reads, each laid over the one before; a {OVERRIDE} beside the first comes last."
    )
    network: str = Field(description="The network by which replicas are reached at their own addresses.")
    port: Port = Field(description="Where a service answers in its container.")
    admin_port: Port | None = Field(
        default=None, description="Where it answers for metrics and health; default: at the same port."
    )
    hooks: str | None = Field(
        default=None, description="The service in whose image hooks run, each in a container of its own."
    )
    run: Shared | None = Field(
        default=None,
        description="The volume of hooks that becomes the run's folder; `path`: where they find it in their container.",
    )
    logs: Shared | None = Field(
        default=None,
        description="The volume that services write log lines to; `path`: a replica's file in it, `{hostname}` being its container's name.",
    )
    store_variable: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = Field(
        default=None,
        description="The environment variable that tells a service its store's URL, by which hooks reach it too.",
    )
    user: Annotated[str, Field(pattern=r"^\d+:\d+$")] = Field(
        default="10001:10001",
        description="Whom containers run as when Seatrial runs as root; else they run as who runs Seatrial.",
    )
    environment: dict[str, str] = Field(
        default_factory=dict,
        description="What `docker compose` itself is told; `{faults}` and `{user}` are filled in.",
    )

    @field_validator("environment")
    @classmethod
    def _of_the_run(cls, environment: dict[str, str]) -> dict[str, str]:
        _refuse_other_braces(environment, "faults", "user")
        return environment

    @field_validator("logs")
    @classmethod
    def _of_a_replica(cls, logs: Shared | None) -> Shared | None:
        _refuse_other_braces({"path": logs.path if logs else ""}, "hostname")
        return logs


def _refuse_other_braces(templates: Mapping[str, str], *known: str) -> None:
    """Raise ValueError for braces that nobody would fill in."""
    for name, template in templates.items():
        try:
            unknown = sorted(set(placeholders([template])).difference(known))
        except ValueError as error:
            raise ValueError(f"{name} has a brace that is not right: {error}. Write '{{{{' for a plain one") from error
        if unknown:
            names = ", ".join(f"{{{each}}}" for each in unknown)
            raise ValueError(f"{name} uses {names}. Known are: {', '.join(f'{{{each}}}' for each in known)}")

"""`--on`: where the fleet runs, for every verb that starts one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from seatrial.cli.invocation import Invocation
from seatrial.errors import UsageError

if TYPE_CHECKING:  # stacks are imported when one is made
    from seatrial.project.project import Project
    from seatrial.run_folder import RunFolder
    from seatrial.stacks.compose import ComposeStack
    from seatrial.stacks.local import LocalStack
    from seatrial.stacks.owned import OnEvent
    from seatrial.stacks.pipeline import Wanted


class On(StrEnum):
    """Started here, as processes by its commands or as containers by its compose file, or already running somewhere."""

    LOCAL = "local"
    COMPOSE = "compose"
    EXTERNAL = "external"


def refuse_elsewhere(project: Project, on: On, replicas: Mapping[str, int]) -> None:
    """Raise UsageError or StackError when the fleet cannot be had there, before there is a folder for the run."""
    from seatrial.project.fleet_checks import refuse_unreachable, refuse_unstartable
    from seatrial.stacks.compose_project import refuse_without_compose
    from seatrial.stacks.docker import refuse_without_docker

    match on:
        case On.LOCAL:
            refuse_unstartable(project.fleet, replicas)
        case On.COMPOSE:
            refuse_without_compose(project)
            refuse_without_docker()
        case On.EXTERNAL:
            refuse_unreachable(project.fleet)
            if replicas:
                raise UsageError("--replicas is for services that are started here. Leave it out with --on external.")


def started_here(  # noqa: PLR0913 - each is a choice of its own
    project: Project,
    run: RunFolder,
    on: On,
    invocation: Invocation,
    on_event: OnEvent,
    *,
    faults: bool,
    replicas: Mapping[str, int],
    pipeline: Wanted | None,
    ports_preferred: bool = False,
) -> LocalStack | ComposeStack:
    """A fleet of this machine's, as it was asked for; nothing is started yet."""
    from seatrial.stacks.compose import ComposeStack
    from seatrial.stacks.local import LocalStack

    kind = ComposeStack if on is On.COMPOSE else LocalStack
    return kind(
        project,
        run,
        faults=faults,
        ports_preferred=ports_preferred,
        replicas=replicas,
        on_event=on_event,
        settings=invocation.settings,
        pipeline=pipeline,
    )

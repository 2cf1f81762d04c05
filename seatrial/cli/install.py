"""`seatrial install`: get what a stack needs beside Python packages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation

EXAMPLES = ("seatrial install", "seatrial install prometheus")


class Component(StrEnum):
    """What can be installed."""

    PROMETHEUS = "prometheus"


def install(
    context: typer.Context,
    component: Annotated[Component, typer.Argument(help="What to install.")] = Component.PROMETHEUS,
) -> None:
    """Get Prometheus, without root.

    Finds 2.42 to 3.x on PATH or in the cache, else fetches it into the cache, and says what it did.
    """
    from seatrial.errors import StackError
    from seatrial.stacks.install import install_prometheus
    from seatrial.stacks.prometheus import find_prometheus

    invocation: Invocation = context.obj
    cache = invocation.settings.cache_dir
    found = find_prometheus(cache)
    if found is None:
        folder = install_prometheus(cache, print)
        found = find_prometheus(cache)
        if found is None:
            raise StackError(f"what was put into {folder} does not run here. Put Prometheus 2.42 to 3.x on PATH.")
    print(f"{component} {found.version}: {found.binary}")
    print(f"promtool: {found.promtool or 'not found (rules cannot be tested)'}")

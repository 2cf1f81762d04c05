"""`seatrial down`: stop a stack from another terminal."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation

EXAMPLES = ("seatrial down", "seatrial down 20261123-024501-a1b2")


def down(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="The run's id; default: the only one that runs.")] = None,
) -> None:
    """Stop a stack.

    Its owner stops everything in order; whatever is left after that is killed.
    """
    from seatrial.stacks.ending import end_stack
    from seatrial.stacks.observation import choose_stack

    invocation: Invocation = context.obj
    document = choose_stack(invocation.runs, run)
    started = time.monotonic()
    how = end_stack(document, invocation.settings.runtime_dir / "ports")
    print(f"run {document['run']} {how} ({time.monotonic() - started:.1f} s)")

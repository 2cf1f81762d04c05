"""`seatrial restart`: a planned restart, done by the stack's owner and written into the run's events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation

EXAMPLES = ("seatrial restart SERVICE", "seatrial restart SERVICE --replica 2", "seatrial restart SERVICE --run RUN_ID")
# To empty it, to drain it, to start it, and to wait for a restart of the same service that was asked for before.
REPLICA_SECONDS = 90.0


def restart(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="The service's name in fleet.yml.")],
    replica: Annotated[int | None, typer.Option(help="Only this replica; default: all, one after another.")] = None,
    run: Annotated[str | None, typer.Option(help="The run's id; default: the only one that runs.")] = None,
) -> None:
    """Restart a service, as planned.

    Its replicas go one after another: out of discovery, emptied, stopped, started, ready. The run's events tell of it.
    """
    from seatrial.stacks import control
    from seatrial.stacks.observation import choose_stack, refuse_unknown
    from seatrial.stacks.processes import is_same

    invocation: Invocation = context.obj
    document = choose_stack(invocation.runs, run)
    names = refuse_unknown(document, service, replica)
    answer = control.ask(
        Path(document["run_dir"]),
        {"action": "restart", "service": service, "replica": replica},
        alive=lambda: is_same(document["owner_pid"], document["owner_started"]),
        timeout=REPLICA_SECONDS * len(names),
    )
    print(f"restarted {', '.join(names)} ({answer['seconds']:.1f} s)")

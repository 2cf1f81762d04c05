"""`seatrial status`: what runs, where, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, console, write_document

EXAMPLES = ("seatrial status", "seatrial status 20261123-024501-a1b2", "seatrial status --json -")


def status(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="The run's id; default: the only one that runs.")] = None,
    json: JsonFile = None,
) -> None:
    """Show what runs, and where.

    Every replica's addresses, processes and readiness, Prometheus, the live page, and the memory of all.
    """
    from seatrial.report.status_table import status_table
    from seatrial.run_folder import read_json
    from seatrial.stacks.observation import choose_stack, observe

    invocation: Invocation = context.obj
    document = observe(choose_stack(invocation.runs, run))
    page = read_json(invocation.runs / document["run"] / "run.json").get("page")
    document["page"] = page if document["running"] else None
    if json is not None:
        write_document(document, json)
    if json != "-":
        console(invocation.settings).print(status_table(document))
        if document["page"]:
            print(f"live page {document['page']}")

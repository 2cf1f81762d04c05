"""`seatrial doctor`: what a run needs, looked at before it is needed."""

from __future__ import annotations

from dataclasses import asdict

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, console, write_document
from seatrial.errors import Exit

EXAMPLES = ("seatrial doctor", "seatrial doctor --json -")


def doctor(context: typer.Context, json: JsonFile = None) -> Exit:
    """Say what is amiss, and the remedy.

    Looks at Python, Prometheus, ports, disk, memory, what runs left behind, and the project's files. Exit code 1 when a run cannot succeed as things are.
    """
    from rich.markup import escape

    from seatrial.doctor import examine

    invocation: Invocation = context.obj
    screen = console(invocation.settings)
    found = []
    for each in examine(invocation.file, invocation.runs, invocation.settings):
        found.append(each)
        if json != "-":
            mark = "[green]PASS[/]" if each.ok else "[red]FAIL[/]" if each.vital else "[yellow]WARN[/]"
            screen.print(f"{mark} {each.name:<16} {escape(each.found)}", soft_wrap=True)
            if each.remedy:
                screen.print(f"     {'':<16} {escape(each.remedy)}", soft_wrap=True)
    well = all(each.ok or not each.vital for each in found)
    if json is not None:
        write_document({"ok": well, "examinations": [asdict(each) for each in found]}, json)
    return Exit.PASS if well else Exit.FAIL

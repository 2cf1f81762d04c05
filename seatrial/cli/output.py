"""How verbs print: one console with the person's colour wishes, and JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.settings import Settings

if TYPE_CHECKING:  # rich is imported when something is shown
    from rich.console import Console

JsonFile = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is this terminal.")]


def console(settings: Settings) -> Console:
    """Colours as the terminal can, unless the environment says otherwise."""
    from rich.console import Console

    return Console(no_color=settings.color is False, force_terminal=settings.color or None, highlight=False)


def write_document(document: Any, file: str) -> None:
    """To the file, whole or not at all, or to standard output."""
    if file == "-":
        print(json.dumps(document, indent=2))
        return
    from seatrial.run_folder import write_json

    write_json(Path(file), document)

"""Chooses how a run is shown: a terminal where there is one, plain lines where not, JSON lines where asked."""

from __future__ import annotations

import sys
from typing import TextIO

from seatrial.report.events import Renderer
from seatrial.report.json_lines import JsonLinesRenderer
from seatrial.report.plain import PlainRenderer


def choose_renderer(stream: TextIO = sys.stdout, *, json_lines: bool = False, color: bool | None = None) -> Renderer:
    """`color` is the person's wish from the settings: False is plain, True is colour also into a pipe."""
    if json_lines:
        return JsonLinesRenderer(stream)
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    if color is False or not utf8 or not (stream.isatty() or color):
        return PlainRenderer(stream)
    from rich.console import Console

    from seatrial.report.terminal import TerminalRenderer

    return TerminalRenderer(Console(file=stream, highlight=False, force_terminal=True if color else None))

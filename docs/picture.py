"""Draws docs/trial.svg, the README's picture, from a run: `python docs/picture.py runs/latest docs/trial.svg`.

Replays the run's own events through the renderer that the terminal gets, so the picture cannot say what no run said.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from seatrial.checks.finding import Verdict
from seatrial.report.events import RunStarted, StepFinished, VerdictReached
from seatrial.report.terminal import TerminalRenderer

WIDTH = 118


def draw(run: Path) -> str:
    """The run as SVG that needs no network: rich's template asks a host for its font."""
    record = json.loads((run / "run.json").read_text())
    document = json.loads((run / "verdict.json").read_text())
    console = Console(record=True, width=WIDTH, force_terminal=True, highlight=False, file=io.StringIO())
    with TerminalRenderer(console) as shown:
        shown.show(RunStarted(record["id"], record["profile"], record["seed"], f"runs/{record['id']}"))
        for event in record["events"]:
            if event["kind"] == "step":
                shown.show(StepFinished(event["title"], event["seconds"], event["result"], event["ok"]))
        files = {
            name: f"runs/{record['id']}/{name}"
            for name in ("report.html", "verdict.json", "evidence.json", "junit.xml", "summary.md")
        }
        shown.show(VerdictReached(Verdict(document["verdict"]), document, files))
    svg = console.export_svg(title="make trial", theme=MONOKAI)
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(draw(Path(sys.argv[1])))

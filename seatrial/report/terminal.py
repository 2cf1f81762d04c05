"""The run on a terminal: a line per step with its time, a live line while the load runs, the verdict last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from seatrial.checks.figures import figure
from seatrial.report import wording
from seatrial.report.events import (
    Event,
    FindingReached,
    LoadProgress,
    Note,
    RunStarted,
    StepFinished,
    StepStarted,
    VerdictReached,
)

STYLES = {"PASS": "green", "FAIL": "bold red", "INCONCLUSIVE": "yellow"}
MARKS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?"}
TITLE_WIDTH = 30
BAR_WIDTH = 24


class TerminalRenderer:
    """Draws on `console`. `clock` is in seconds and only ever rises."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._step: tuple[str, float] | None = None
        self._progress: tuple[LoadProgress, float] | None = None
        self._findings: dict[str, int] = {}
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._below)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._step = self._progress = None
        self._live.stop()

    def show(self, event: Event) -> None:
        """Draw the event."""
        match event:
            case RunStarted():
                head = f"[bold]Seatrial[/]  profile [bold]{escape(event.profile)}[/]  seed {event.seed}"
                self._print(f"{head}  [dim]{escape(event.run_dir)}[/]\n")
            case StepStarted():
                self._step = (event.title, self._clock())
                self._live.refresh()
            case LoadProgress():
                self._progress = (event, self._rate(event))
                self._live.refresh()
            case StepFinished():
                self._step = self._progress = None
                self._print(_step_line(event))
            case FindingReached():
                verdict = event.finding.verdict.value
                self._findings[verdict] = self._findings.get(verdict, 0) + 1
            case Note():
                self._print(f"  [{'yellow' if event.warning else 'dim'}]{escape(event.text)}[/]")
            case VerdictReached():
                self._live.stop()
                self._console.print(Group(*verdict_parts(event.document, event.files)))

    def _print(self, markup: str) -> None:
        self._console.print(Text.from_markup(markup), soft_wrap=True)

    def _rate(self, event: LoadProgress) -> float:
        """Requests per second since the last look."""
        if self._progress is None or event.elapsed <= self._progress[0].elapsed:
            return event.requests / event.elapsed if event.elapsed > 0 and self._progress is None else 0.0
        last = self._progress[0]
        return (event.requests - last.requests) / (event.elapsed - last.elapsed)

    def _below(self) -> RenderableType:
        """The live line: what is going on now."""
        if self._progress is not None:
            return _load_line(*self._progress)
        if self._step is None:
            return Text("")
        title, since = self._step
        text = Text.assemble(f"{title:<{TITLE_WIDTH}}", (f"{self._clock() - since:6.1f} s", "dim"))
        return Padding(Spinner("dots", text=text, style="cyan"), (0, 0, 0, 2))


def _step_line(event: StepFinished) -> str:
    mark = "[green]✓[/]" if event.ok else "[bold red]✗[/]"
    line = f"  {mark} {escape(event.title):<{TITLE_WIDTH}} [dim]{event.seconds:6.1f} s[/]  {escape(event.result)}"
    return line.rstrip()


def _load_line(event: LoadProgress, rate: float) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    failed = Text(f"{figure(event.failures)} failed", style="bold red" if event.failures else "dim")
    shed = Text(f"{figure(event.shed)} shed", style="bold red") if event.shed else Text("")
    line.add_row(
        Text("  ▶", style="cyan"),
        ProgressBar(total=event.total, completed=min(event.elapsed, event.total), width=BAR_WIDTH),
        Text(f"{event.elapsed:.0f}/{event.total:.0f} s {event.stage}"),
        Text(f"{rate:.0f} req/s", style="bold"),
        failed,
        shed,
        Text(f"p95 {figure(event.p95, 's')}" if event.p95 is not None else "", style="dim"),
        Text(f"{event.in_flight} in flight", style="dim"),
    )
    return line


def verdict_parts(document: Mapping[str, Any], files: Mapping[str, str]) -> list[RenderableType]:
    """The verdict from top to bottom; its headline is the last line."""
    verdict = document["verdict"]
    parts: list[RenderableType] = [Text(), _facts(document), Text(), _measured(document)]
    parts += [_reason(*group) for group in wording.reasons(document)]
    parts += [Text(), _stated(document), Text(), _files(files), Text()]
    return [*parts, Text(f" {MARKS[verdict]} {wording.headline(document)} ", style=f"{STYLES[verdict]} reverse")]


def _facts(document: Mapping[str, Any]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for name, text in wording.facts(document):
        grid.add_row(Text(f"  {name}", style="dim"), Text(text))
    return grid


def _measured(document: Mapping[str, Any]) -> RenderableType:
    table = _grid("", "check", header=True)
    for title in ("measured", "95 % interval", "limit", "n"):
        table.add_column(title, justify="right", no_wrap=True)
    for check in wording.measured(document):
        name, *cells = wording.row(check)
        table.add_row(*_marked(check, name), *cells)
    return table


def _stated(document: Mapping[str, Any]) -> RenderableType:
    table = _grid("", "check", header=False)
    table.add_column("found", overflow="fold")
    for check in wording.stated(document):
        table.add_row(*_marked(check, check["name"]), Text(check["reason"]))
    return table


def _files(files: Mapping[str, str]) -> RenderableType:
    table = _grid("", "file", header=False)
    table.add_column("path", overflow="fold", style="dim")
    for name, path in files.items():
        table.add_row("", name, path)
    return table


def _grid(*columns: str, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header, header_style="dim")
    for title in columns:
        table.add_column(title, justify="left" if title else "right", width=None if title else 3, no_wrap=True)
    return table


def _marked(check: Mapping[str, Any], name: str) -> tuple[Text, Text]:
    verdict = check["verdict"]
    return Text(MARKS[verdict], style=STYLES[verdict]), Text(name, style="" if verdict == "PASS" else STYLES[verdict])


def _reason(verdict: str, names: Sequence[str], reason: str) -> RenderableType:
    text = Text.assemble((f"{', '.join(names)}: ", STYLES[verdict]), reason)
    return Padding(text, (0, 0, 0, 5), expand=False)

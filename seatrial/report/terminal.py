"""The run on a terminal: a line per step with its time, the fleet and the load while they run, the verdict last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from seatrial.checks.figures import figure
from seatrial.report import wording
from seatrial.report.events import (
    Event,
    FindingReached,
    FleetSeen,
    LoadProgress,
    Note,
    ProcessLost,
    ReplicaReady,
    ReplicaRestarted,
    RunStarted,
    StackReady,
    StepFinished,
    StepStarted,
    VerdictReached,
)
from seatrial.report.fleet_table import fleet_table
from seatrial.report.status_table import status_table

STYLES = {"PASS": "green", "FAIL": "bold red", "INCONCLUSIVE": "yellow"}
MARKS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?"}
TITLE_WIDTH = 30
BAR_WIDTH = 24
PICTURES_PER_SECOND = 8


class TerminalRenderer:
    """Draws on `console`. `clock` is in seconds and only ever rises."""

    watches = True

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._step: tuple[str, float] | None = None
        self._progress: RenderableType | None = None
        self._rate: int | None = None
        self._fleet: RenderableType | None = None
        self._stands_since: float | None = None
        self._live = Live(console=console, auto_refresh=False, transient=True, get_renderable=self._below)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._live.start()
        threading.Thread(target=self._tick, name="pictures", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._step = self._progress = self._fleet = self._stands_since = None
        self._live.stop()

    def _tick(self) -> None:
        """Pictures between events, only while something moves by itself: each costs the processor that the fleet shares."""
        drawn = -1
        while not self._ended.wait(1 / PICTURES_PER_SECOND):
            standing = -1 if self._stands_since is None else int(self._clock() - self._stands_since)
            if self._progress is None and (self._step is not None or standing != drawn):
                self._live.refresh()
            drawn = standing

    def show(self, event: Event) -> None:
        """Draw the event."""
        match event:
            case RunStarted():
                head = f"[bold]Seatrial[/]  profile [bold]{escape(event.profile)}[/]  seed {event.seed}"
                self._print(f"{head}  [dim]{escape(event.run_dir)}[/]\n")
            case StepStarted() | LoadProgress() | FleetSeen():
                self._go_on(event)
            case StepFinished():
                self._step = self._progress = None
                self._print(_step_line(event))
            case StackReady():
                self._stands_since = self._clock()
                self._console.print(Group(*_stack_parts(event.document)))
            case ReplicaReady() | ReplicaRestarted() | ProcessLost():
                self._print(_happened_line(event))
            case FindingReached():
                pass  # the verdict shows them all at once
            case Note():
                self._print(f"  [{'yellow' if event.warning else 'dim'}]{escape(event.text)}[/]")
            case VerdictReached():
                self._live.stop()
                self._console.print(Group(*verdict_parts(event.document, event.files)))

    def _print(self, markup: str) -> None:
        self._console.print(Text.from_markup(markup), soft_wrap=True)

    def _go_on(self, event: StepStarted | LoadProgress | FleetSeen) -> None:
        """Change what stands below."""
        match event:
            case StepStarted():
                self._step = (event.title, self._clock())
            case LoadProgress():
                self._rate = event.course[-1].requests if event.course else self._rate
                self._progress = self._laid_out(_load_lines(event, self._rate))
            case FleetSeen():
                self._fleet = self._laid_out(fleet_table(event))
                if self._progress is not None:
                    return  # the load's next event draws both
        self._live.refresh()

    def _laid_out(self, drawn: RenderableType) -> RenderableType:
        """Lay it out once; there are several pictures to each change."""
        return Segments(Segment.simplify(self._console.render(drawn)))

    def _below(self) -> RenderableType:
        """What is going on now."""
        if self._progress is not None:
            return Group(self._progress, *self._fleet_below())
        if self._step is not None:
            return _step_under_way(*self._step, self._clock())
        if self._stands_since is not None:
            return Group(*self._fleet_below(), _standing(self._clock() - self._stands_since))
        return Text("")

    def _fleet_below(self) -> list[RenderableType]:
        return [Text(""), self._fleet] if self._fleet is not None else []


def _step_under_way(title: str, since: float, now: float) -> RenderableType:
    text = Text.assemble(f"{title:<{TITLE_WIDTH}}", (f"{now - since:6.1f} s", "dim"))
    return Padding(Spinner("dots", text=text, style="cyan"), (0, 0, 0, 2))


def _standing(seconds: float) -> RenderableType:
    minutes, rest = divmod(int(seconds), 60)
    return Text(f"\n  up for {minutes // 60}:{minutes % 60:02}:{rest:02}; Ctrl-C stops everything", style="dim")


def _stack_parts(document: Mapping[str, Any]) -> list[RenderableType]:
    lines = [Text(f"  {title:<8} {command}") for title, command in wording.what_next(document["run"])]
    return [status_table(document), *lines]


def _happened_line(event: ReplicaReady | ReplicaRestarted | ProcessLost) -> str:
    mark = {"ReplicaReady": " ", "ReplicaRestarted": "[green]↻[/]", "ProcessLost": "[bold red]✗[/]"}
    style = {"ReplicaReady": "dim", "ReplicaRestarted": "default", "ProcessLost": "bold red"}
    kind = type(event).__name__
    return f"  {mark[kind]} [{style[kind]}]{escape(wording.happened(event))}[/]"


def _step_line(event: StepFinished) -> str:
    mark = "[green]✓[/]" if event.ok else "[bold red]✗[/]"
    line = f"  {mark} {escape(event.title):<{TITLE_WIDTH}} [dim]{event.seconds:6.1f} s[/]  {escape(event.result)}"
    return line.rstrip()


def _load_lines(event: LoadProgress, rate: int | None) -> RenderableType:
    done = min(BAR_WIDTH, int(BAR_WIDTH * event.elapsed / event.total)) if event.total else 0
    bar = Text.assemble(
        ("  ▶ ", "cyan"),
        ("━" * done, "cyan"),
        ("━" * (BAR_WIDTH - done), "bright_black"),
        f" {event.elapsed:.0f}/{event.total:.0f} s {event.stage}  ",
        (wording.remaining(event), "dim"),
    )
    failed, shed = (bool(count) for count in (event.failures, event.shed))
    figures = [
        (f"    {event.offered} journeys/s offered", ""),
        (f"{rate} req/s" if rate is not None else "", "bold"),
        (f"{figure(event.failures)} failed", "bold red" if failed else "dim"),
        (f"{figure(event.shed)} shed" if shed else "", "bold red"),
        (f"p95 {figure(event.p95, 's')} so far" if event.p95 is not None else "", ""),
        (f"{event.in_flight} in flight", "dim"),
    ]
    shown = [Text(words, style=style) for words, style in figures if words]
    return Group(bar, Text("  ").join(shown))


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

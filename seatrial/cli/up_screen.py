"""What `seatrial up` shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seatrial.cli.status_table import status_table

if TYPE_CHECKING:  # rich is imported when something is shown
    from rich.console import Console
    from rich.live import Live


class UpScreen:
    """Shows events of the stack as they come, and the status under them while the stack stands."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def on_event(self, kind: str, /, **data: Any) -> None:
        """One line per thing that happened; the beginnings of steps only where they can be overwritten: nowhere."""
        line = sentence(kind, data)
        if line:
            self._console.print(line)

    def ready(self, document: dict[str, Any]) -> None:
        """Where everything is, and what one may do next."""
        if not self._console.is_terminal:
            self._console.print(status_table(document))
        run = document["run"]
        for title, command in (
            ("look", f"seatrial status {run}"),
            ("restart", f"seatrial restart SERVICE --run {run}"),
            ("stop", f"Ctrl-C, or seatrial down {run}"),
        ):
            self._console.print(f"  {title:<8} {command}", markup=False)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Keep the table at the foot of the terminal, drawn by this thread: children are started from it."""
        from rich.live import Live

        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False) as self._live:
            yield
        self._live = None

    def show(self, document: dict[str, Any]) -> None:
        """The status as it is now."""
        if self._live is not None:
            self._live.update(status_table(document), refresh=True)


def sentence(kind: str, data: dict[str, Any]) -> str | None:
    """What a person reads of an event; None for what is not worth a line."""
    match kind:
        case "step-finished":
            return f"[green]done[/] {data['step']:<12} {data['seconds']:5.1f} s"
        case "ready":
            return f"     {data['name']} is ready ({data['seconds']:.1f} s)"
        case "restarted":
            return f"[green]done[/] restarted {data['instance']} ({data['seconds']:.1f} s)"
        case "unplanned-exit":
            ended = "" if data["returncode"] is None else f" with exit code {data['returncode']}"
            return f"[red]died[/] {data['name']} (pid {data['pid']}) ended by itself{ended}"
    return None

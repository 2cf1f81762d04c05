"""Each event as a JSON object on a line of its own, for programs that follow a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import TracebackType
from typing import Self, TextIO

from seatrial.report.events import Event


class JsonLinesRenderer:
    """Writes to `stream`; `event` is the event's type name, the other keys are its fields."""

    watches = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()

    def show(self, event: Event) -> None:
        """Write the event."""
        self._stream.write(json.dumps({"event": type(event).__name__, **asdict(event)}, default=str) + "\n")
        self._stream.flush()

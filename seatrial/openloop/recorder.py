"""What a run leaves on disk: a row per request, a row per journey, and the generator's account of itself.

Rows are gathered in memory and written at each flush, so a killed process loses what came since the last one. What a
full disk does not take is kept, and written when it is taken again.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

# So much is kept while the disk is full: the rows of an hour at 100 requests a second.
KEPT_BYTES = 64 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)


class RequestRow(NamedTuple):
    """One request. Times are epoch seconds, `duration` and the rest as the header of the file says."""

    stage: str
    journey: str
    step: str
    method: str
    route: str
    intended_start: float
    start: float
    duration: float
    status: int | None
    outcome: str
    bytes: int
    trace_id: str
    span_id: str
    key: str
    ref: str
    error: str

    @property
    def latency(self) -> float:
        """Seconds from the intended start to the end: what is judged."""
        return self.start + self.duration - self.intended_start


class JourneyRow(NamedTuple):
    """One arrival; a shed one has neither `started` nor `finished`."""

    stage: str
    journey: str
    scheduled: float
    started: float | None
    finished: float | None
    outcome: str


class Journal(Protocol):
    """Where rows go."""

    def request(self, row: RequestRow) -> None:
        """Keep one request."""

    def journey(self, row: JourneyRow) -> None:
        """Keep one arrival."""

    def account(self, figures: Mapping[str, Any]) -> None:
        """Replace the generator's account of itself, and flush."""

    def close(self) -> None:
        """Flush and close."""


class Nowhere:
    """The journal of a run whose rows nobody asked for."""

    def request(self, row: RequestRow) -> None:
        """Forget it."""

    def journey(self, row: JourneyRow) -> None:
        """Forget it."""

    def account(self, figures: Mapping[str, Any]) -> None:
        """Forget them."""

    def close(self) -> None:
        """Nothing is open."""


class _Table:
    """One CSV file that only ever grows by whole lines."""

    def __init__(self, path: Path, header: tuple[str, ...]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lines = io.StringIO(newline="")
        self._kept = b""
        self.write = csv.writer(self._lines, lineterminator="\n").writerow
        self.write(header)
        self.flush()

    def flush(self) -> None:
        """Write what there is, as far as the disk takes it. Raises OSError when too much of it is left."""
        self._kept += self._lines.getvalue().encode()
        self._lines.seek(0)
        self._lines.truncate()
        try:
            self._write()
        except OSError as error:
            if error.errno not in FULL or len(self._kept) > KEPT_BYTES:
                raise

    def _write(self) -> None:
        while self._kept:
            self._kept = self._kept[os.write(self._file, self._kept) :]

    def close(self) -> None:
        """Write all. Raises OSError when the disk does not take it."""
        try:
            self.flush()
            self._write()
        finally:
            os.close(self._file)


class Recorder:
    """A journal in `folder`; `label` is the process id, with a suffix from the second run of a process on."""

    def __init__(self, folder: Path, label: str) -> None:
        self._requests = _Table(folder / f"requests-{label}.csv", RequestRow._fields)
        self._journeys = _Table(folder / f"journeys-{label}.csv", JourneyRow._fields)
        self._account = folder / f"generator-{label}.json"

    def request(self, row: RequestRow) -> None:
        """Keep one request; times are written to the microsecond."""
        intended, start, duration = f"{row.intended_start:.6f}", f"{row.start:.6f}", f"{row.duration:.6f}"
        self._requests.write((*row[:5], intended, start, duration, *row[8:]))

    def journey(self, row: JourneyRow) -> None:
        """Keep one arrival."""
        times = ("" if at is None else f"{at:.6f}" for at in row[2:5])
        self._journeys.write((*row[:2], *times, row.outcome))

    def account(self, figures: Mapping[str, Any]) -> None:
        """Replace the generator's account of itself, and flush the rows it speaks of first."""
        self._requests.flush()
        self._journeys.flush()
        partial = self._account.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
            partial.replace(self._account)
        except OSError as error:  # the former one stands until the disk takes one again
            if error.errno not in FULL:
                raise
            with contextlib.suppress(OSError):
                partial.unlink()

    def close(self) -> None:
        """Flush and close."""
        self._requests.close()
        self._journeys.close()

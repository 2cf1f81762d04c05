"""The folder that a run leaves: its id, its layout, and files that are whole as soon as they have their name.

Owns run.json and the link runs/latest. Leaves the content of all other files to who writes them.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from seatrial.errors import SeatrialError

SCHEMA = 1
# Folders of files that tell Prometheus whom to scrape, and whom to send alerts to.
DISCOVERED = ("targets", "components", "alertmanagers")
ID_SHAPE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def run_id_at(now: float, token: str) -> str:
    """An id that sorts by time (UTC); four hexadecimal digits tell runs of one second apart."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{token}"


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write beside `path`, then rename: a reader sees the old file or the whole new one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, document: Any, mode: int = 0o644) -> None:
    """As `write_text`, one JSON document."""
    write_text(path, json.dumps(document, indent=2, default=str) + "\n", mode)


def read_json(path: Path) -> Any:
    """The document, or None when there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


@dataclass(slots=True)
class RunFolder:
    """`runs/<id>/`. `record` is what run.json holds; each change writes it anew."""

    path: Path
    record: dict[str, Any]
    clock: Callable[[], float] = field(default=time.time, repr=False)

    @classmethod
    def create(
        cls, runs: Path, kind: Literal["trial", "up", "load"], *, clock: Callable[[], float] = time.time, **record: Any
    ) -> RunFolder:
        """Make a new folder. `record` is added to run.json (seed, profile, fleet, settings, ...)."""
        started = clock()
        path = _make_folder(runs, started)
        for name in ("stores", "logs", *(f"metrics/prometheus/{kind}" for kind in DISCOVERED), "samples", "control"):
            (path / name).mkdir(parents=True)
        first = {"schema": SCHEMA, "id": path.name, "kind": kind, "started": started, "finished": None}
        run = cls(path, {**first, **record, "events": []}, clock)
        run.save()
        return run

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """The folder of a run that another process created. Raises SeatrialError."""
        record = read_json(path / "run.json")
        if record is None:
            raise SeatrialError(f"{path} is no run: it holds no run.json. Name a folder below runs/.")
        return cls(path, record)

    @property
    def id(self) -> str:
        """The run's id, which is the folder's name."""
        return self.path.name

    @property
    def logs(self) -> Path:
        """Holds <instance>.jsonl, <instance>.out and the output of everything else that was started."""
        return self.path / "logs"

    @property
    def samples(self) -> Path:
        """Holds what the load clients recorded."""
        return self.path / "samples"

    @property
    def metrics(self) -> Path:
        """Holds Prometheus's folder and the readings before and after the load."""
        return self.path / "metrics"

    @property
    def identities(self) -> Path:
        """The customers' tokens; removed at the end of the run by the guardian."""
        return self.path / "identities.json"

    def save(self) -> None:
        """Write run.json."""
        write_json(self.path / "run.json", self.record)

    def add(self, **record: Any) -> None:
        """Put more into run.json."""
        self.record.update(record)
        self.save()

    def event(self, kind: str, **data: Any) -> None:
        """Append to the run's events; `at` is now, in seconds since the epoch."""
        self.record["events"].append({"at": self.clock(), "kind": kind, **data})
        self.save()

    def finish(self) -> None:
        """Write when the run ended, and let runs/latest name it."""
        self.add(finished=self.clock())
        link = self.path.parent / f".latest.{os.getpid()}.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(self.id)
        link.replace(self.path.parent / "latest")


def _make_folder(runs: Path, now: float) -> Path:
    """A folder nobody else has: `mkdir` decides between runs that drew the same id."""
    runs.mkdir(parents=True, exist_ok=True)
    while True:
        path = runs / run_id_at(now, secrets.token_hex(2))
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def run_ids(runs: Path) -> list[str]:
    """The ids of all runs in the folder, the latest last."""
    if not runs.is_dir():
        return []
    return sorted(path.name for path in runs.iterdir() if ID_SHAPE.fullmatch(path.name))

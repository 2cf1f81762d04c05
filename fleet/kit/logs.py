"""One JSON line per event, in ECS names, to a file or standard output; nothing outside the contract, and never a token.

Owns the line: its time, its unique id, the ids of the scope it was written in. What is worth a line is the callers' matter;
the request line is the exception, written here for every exchange.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Literal
from uuid import uuid4

from pythonjsonlogger.json import JsonFormatter

from fleet.kit import exchange as exchanges
from fleet.kit.errors import ContractError
from fleet.kit.exchange import Exchange, Observer, Scope
from fleet.kit.telemetry import Contract

Sink = Callable[[bytes], object]
# How often a writer looks whether its file was moved away.
REOPEN_SECONDS = 1.0
# A JWT (three base64url parts, the first a JSON object) or whatever follows a bearer or basic scheme.
_SECRET = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=[Bb]earer )\S+|(?<=[Bb]asic )[\w+/=-]{8,}")
Level = Literal["debug", "info", "warning", "error"]
_LEVELS: dict[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


class LineFormatter(JsonFormatter):
    """A record as one line of the contract; the fields stand in `record.fields` under their ECS names."""

    def __init__(self, static: Mapping[str, object]) -> None:
        super().__init__(json_serializer=lambda data, **_: _encode(data))
        self._static = dict(static)
        self.skew: Callable[[], float] = float  # no seconds; the fault `skew-clock` makes it wrong
        self._ids = count(1)
        self._source = uuid4().hex

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Fill `log_data` from the record, the static fields and the current scope."""
        log_data["@timestamp"] = timestamp(record.created + self.skew())
        log_data["log.level"] = record.levelname.lower()
        log_data["log.logger"] = record.name
        log_data["message"] = redact(record.message)
        log_data["event.id"] = f"{self._source}-{next(self._ids):x}"
        log_data.update(self._static)
        if (scope := exchanges.current()) is not None:
            log_data.update(ids(scope))
        log_data["event.action"] = "log.message"  # of a library's line; ours bring their own
        log_data.update(getattr(record, "fields", ()))
        if record.exc_info and record.exc_info[0] is not None:
            log_data["error.type"] = record.exc_info[0].__name__
            log_data["error.message"] = redact(str(record.exc_info[1]))
            log_data["error.stack_trace"] = redact(message_dict["exc_info"])


class SinkHandler(logging.Handler):
    """Hands each line to the sink in one write, so that lines of several threads never mix."""

    def __init__(self, sink: Sink, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.sink = sink

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """None: one write of a whole line needs no lock, and a lock would queue the request threads."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a line that cannot be written goes to standard error, as logging does it."""
        try:
            self.sink(self.format(record).encode("utf-8", "backslashreplace") + b"\n")
        except Exception:  # noqa: BLE001 - logging's rule: a lost line must not fail the request
            self.handleError(record)


class Logs:
    """A service's own logger, apart from the process's tree, so that two apps in one process do not mix.

    `strict` raises ContractError for a field outside the contract; otherwise the field is left out.
    """

    def __init__(
        self,
        contract: Contract,
        service: str,
        *,
        instance: str = "",
        level: Level = "info",
        sink: Sink | None = None,
        strict: bool = False,
    ) -> None:
        self.contract = contract
        self.strict = strict
        self._name = service
        self._level = _LEVELS[level]
        static = {"service.name": service, "service.node.name": instance or f"{service}-1", "process.pid": os.getpid()}
        self.formatter = LineFormatter(static)
        self.handler = SinkHandler(sink or open_sink(None), self.formatter)

    def event(
        self, action: str, message: str, *, level: Level = "info", exc: BaseException | None = None, **fields: object
    ) -> None:
        """Write an event; keywords are field names with `_` for `.`, and None leaves a field out.

        `exc` brings error.type, error.message and error.stack_trace.

        Raises:
            ContractError: a field outside the contract, when strict.
        """
        if _LEVELS[level] >= self._level:
            self.emit(_LEVELS[level], message, {"event.action": action, **self._named(fields)}, exc)

    def _named(self, fields: Mapping[str, object]) -> dict[str, object]:
        names = self.contract.keywords
        unknown = fields.keys() - names.keys()
        if unknown and self.strict:
            raise ContractError(f"no log field of the telemetry contract: {', '.join(sorted(unknown))}.")
        return {
            names[key]: redact(value) if isinstance(value, str) else value
            for key, value in fields.items()
            if value is not None and key not in unknown
        }

    def emit(self, level: int, message: str, fields: Mapping[str, object], exc: BaseException | None = None) -> None:
        """Write one line of fields in ECS names, already known to be in the contract."""
        error = (type(exc), exc, exc.__traceback__) if exc is not None else None
        # Made by hand: Logger.info() would look for the calling frame, which no line shows.
        record = logging.LogRecord(self._name, level, "", 0, message, None, error)
        record.fields = fields
        self.handler.emit(record)

    def capture_libraries(self) -> None:
        """Send warnings and errors of every library's logger through this one too. For a whole process, so the server calls it."""
        root = logging.getLogger()
        root.handlers = [self.handler]
        root.setLevel(logging.WARNING)


def ids(scope: Scope) -> dict[str, str]:
    """The correlation fields of a scope."""
    span = scope.span
    fields = {"trace.id": span.trace_id, "span.id": span.span_id}
    if span.parent_id is not None:
        fields["parent.id"] = span.parent_id
    if scope.user_id is not None:
        fields["user.id"] = scope.user_id
    return fields


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, microseconds, Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def redact(text: str) -> str:
    """The text without tokens."""
    return _SECRET.sub("[redacted]", text)


def open_sink(
    file: Path | None, clock: Callable[[], float] = time.monotonic, *, most: int = 0, echo: bool = False
) -> Sink:
    """A writer of whole lines: appends to `file`, with `echo` to standard output as well, and there alone without one.

    A file that was moved away, as rotation does, is left within REOPEN_SECONDS for a new one of its name. One that is
    longer than `most` bytes, if that is not 0, is moved to `.1` in the same rhythm: it must have one writer only.
    """
    if file is None:
        return _standard_output()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, looked, looking = _open(file), clock(), Lock()
    spoken = _standard_output() if echo else None

    def write(line: bytes) -> None:
        nonlocal looked
        # One at a time: a second one could move the new file to where the first has just moved the old one.
        if clock() - looked > REOPEN_SECONDS and looking.acquire(blocking=False):
            try:
                looked = clock()
                _put_aside(file, most)
                _reopen(file, descriptor)
            finally:
                looking.release()
        _write(descriptor, line)
        if spoken is not None:
            spoken(line)

    return write


def _standard_output() -> Sink:
    return partial(_write, sys.stdout.fileno())


def _open(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _write(descriptor: int, line: bytes) -> None:
    # O_APPEND makes one write atomic; only a full disk or a pipe takes less than the whole.
    while line:
        line = line[os.write(descriptor, line) :]


def _put_aside(file: Path, most: int) -> None:
    """A file that may not be moved grows on: its lines are worth more than its size."""
    with contextlib.suppress(OSError):
        if most and file.stat().st_size > most:
            file.replace(file.with_name(f"{file.name}.1"))


def _reopen(file: Path, descriptor: int) -> None:
    """The number stays, so that a thread that is writing needs no lock."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(file.stat(), os.fstat(descriptor)):
            return
    opened = _open(file)
    os.dup2(opened, descriptor, inheritable=False)
    os.close(opened)


def init_app(observer: Observer, logs: Logs, *, logged: Callable[[Exchange], bool] = lambda _: True) -> None:
    """One `http.server.request` line per request; `logged` may leave one out (a fault does)."""

    def end(exchange: Exchange) -> None:
        if not logged(exchange):
            return
        failed = exchange.status >= 500  # noqa: PLR2004 - HTTP's server errors
        fields: dict[str, object] = {
            "event.action": "http.server.request",
            "event.duration": exchange.duration,
            "event.outcome": "failure" if failed else "success",
            "http.request.method": exchange.method,
            "http.route": exchange.route,
            "http.response.status_code": exchange.status,
        }
        error = exchange.error
        if error is not None and not exchange.unexpected:
            fields |= {"error.type": type(error).__name__, "error.message": redact(str(error))}
        logs.emit(
            logging.ERROR if failed else logging.INFO,
            f"{exchange.method} {exchange.route} {exchange.status}",
            fields,
            error if exchange.unexpected else None,
        )

    observer.at_end.append(end)

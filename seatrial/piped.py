"""What the log pipeline made of a run's lines: waits for it, then holds every document against every line on disk.

Owns the I/O, and turns what cannot be had into an obstacle in words; seatrial.checks.pipeline decides what it means.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seatrial.backends.errors import BackendError
from seatrial.backends.log_keys import LogKeys
from seatrial.backends.logs import LogSlice
from seatrial.backends.spans import spans_of
from seatrial.backends.written import Written, read_written, unshipped
from seatrial.checks.inputs import RequestKey
from seatrial.checks.pipeline import Refused, Shipped
from seatrial.errors import StackError
from seatrial.lagging import load_probes
from seatrial.project.project import Project
from seatrial.project.telemetry import LogField, LogRoles
from seatrial.ship.following import Source
from seatrial.ship.letters import LETTERS, read_letters
from seatrial.ship.positions import POSITIONS, load_positions
from seatrial.stacks.pipeline import Pipeline

LOOK_SECONDS = 0.25
LAG = "lag.json"
# Types that Elasticsearch keeps in columns; a text can only be searched.
COLUMNAR = frozenset({"keyword", "long", "short", "integer", "double", "boolean", "date", "date_nanos", "ip"})


def shipped_roles(project: Project) -> dict[str, LogRoles]:
    """The roles of each service whose lines can be shipped: those with an id and a time."""
    found = {name: project.telemetry.roles_of(name).log for name in project.fleet.services}
    return {name: log for name, log in found.items() if log is not None and log.event_id and log.timestamp}


def wait_until_shipped(
    pipeline: Pipeline, sources: Sequence[Source], patience: float, *, sleep: Callable[[float], object] = time.sleep
) -> int:
    """Bytes that the shipper has not acknowledged, 0 as soon as there are none; after `patience` seconds those left."""
    until = time.monotonic() + patience
    while left := unshipped(sources, load_positions(pipeline.folder / POSITIONS)):
        if pipeline.obstacle or time.monotonic() > until:
            return left
        sleep(LOOK_SECONDS)
    return 0


def collect_shipped(
    pipeline: Pipeline,
    project: Project,
    sources: Sequence[Source],
    compared: Sequence[LogSlice],
    traces: Sequence[str],
) -> Shipped:
    """Everything, while the server still runs; `compared` are the lines between the readings, `traces` those to look at."""
    if pipeline.obstacle:
        return Shipped(obstacle=pipeline.obstacle)
    keys = {name: LogKeys.of(project.telemetry.roles_of(name)) for name in shipped_roles(project)}
    try:
        written = read_written(sources, keys, load_positions(pipeline.folder / POSITIONS), compared)
        count, documents = Count(written, keys), pipeline.documents()
        documents.refresh()
        for found in documents.all(_columns(project.telemetry.logs, _counted(keys))):
            count.add(found.index, found.id, found.fields)
        services = {id_: line.service for id_, line in written.lines.items()}
        spans = spans_of(documents, keys, services, traces, _columns(project.telemetry.logs, _spanned(keys)))
    except (BackendError, StackError, OSError) as error:
        return Shipped(obstacle=str(error))
    return replace(
        count.shipped(_letters(pipeline.folder / LETTERS)),
        spans=spans,
        probes=load_probes(pipeline.folder / LAG),
        lacks=pipeline.lacks,
        said=_last_words(pipeline.folder.parent / "logs" / "shipper.out"),
    )


def _columns(fields: Mapping[str, LogField], names: Iterable[str | None]) -> list[str]:
    wanted = dict.fromkeys(name for name in names if name)
    return [name for name in wanted if name in fields and fields[name].type in COLUMNAR]


def _counted(keys: Mapping[str, LogKeys]) -> list[str]:
    return [name for each in keys.values() for name in each.fields()]


def _spanned(keys: Mapping[str, LogKeys]) -> Iterator[str | None]:
    for each in keys.values():
        roles = each.roles
        yield from each.fields()
        yield from (
            roles.timestamp,
            roles.trace,
            roles.span,
            roles.parent,
            roles.duration.field if roles.duration else None,
        )


def _letters(file: Path) -> list[Refused]:
    return [
        Refused(each["service.name"], each["event.id"] or "", each["error.message"], each["event.original"])
        for each in read_letters(file)
    ]


def _last_words(file: Path) -> str:
    """What the shipper said last when it could not go on; empty when it could."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    told = [line for line in lines if line.startswith(("put off: ", "goes on", "seatrial: "))]
    return told[-1] if told and told[-1] != "goes on" else ""


@dataclass(slots=True)
class Count:
    """Documents as they come, against the lines on disk."""

    written: Written
    keys: Mapping[str, LogKeys]
    _seen: dict[str, str] = field(default_factory=dict)
    _doubled: dict[str, list[str]] = field(default_factory=dict)
    _unknown: list[str] = field(default_factory=list)
    _requests: dict[str, Counter[RequestKey]] = field(default_factory=dict)

    def add(self, index: str, id_: str, fields: Mapping[str, object]) -> None:
        """One document; `fields` are those by which requests are counted."""
        if id_ in self._seen:
            self._doubled.setdefault(id_, [self._seen[id_]]).append(index)
            return
        self._seen[id_] = index
        line = self.written.lines.get(id_)
        if line is None:
            self._unknown.append(f"{id_} in {index}")
        elif line.compared and (key := self.keys[line.service].request(fields)) is not None:
            self._requests.setdefault(line.service, Counter())[key] += 1

    def shipped(self, letters: Sequence[Refused]) -> Shipped:
        """What became of each line."""
        lines = self.written.lines
        absent = [id_ for id_ in lines if id_ not in self._seen]
        buried = {letter.event_id for letter in letters}
        lost = [id_ for id_ in absent if lines[id_].acknowledged and id_ not in buried]
        unshipped = [id_ for id_ in absent if not lines[id_].acknowledged and id_ not in buried]
        nameless = sum(1 for letter in letters if letter.event_id not in lines)
        written: dict[str, Counter[RequestKey]] = {}
        for line in lines.values():
            if line.compared and line.key is not None:
                written.setdefault(line.service, Counter())[line.key] += 1
        return Shipped(
            lines=Counter(line.service for line in lines.values()),
            acknowledged=Counter(line.service for line in lines.values() if line.acknowledged),
            documents=len(self._seen) + sum(len(indices) - 1 for indices in self._doubled.values()),
            lost=[f"{id_} of {lines[id_].service}" for id_ in lost],
            unshipped=[f"{id_} of {lines[id_].service}" for id_ in unshipped],
            letters=letters,
            doubled=self._doubled,
            unknown=self._unknown,
            repeated=self.written.repeated,
            unsound=max(0, self.written.unsound - nameless),
            requests=self._requests,
            written=written,
        )

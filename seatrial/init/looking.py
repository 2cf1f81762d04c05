"""Looks at the services as they run: starts those that have commands, finds what can be asked, probes each.

Owns the order, and that everything started is stopped again. Asks addresses of this machine only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from seatrial.errors import StackError, UsageError
from seatrial.init.draft import draft_project
from seatrial.init.probing import METRICS_PATHS, OK, TIMEOUT_SECONDS, Asked, Http, Probe, Probed
from seatrial.init.route import LeftOut, Route
from seatrial.init.sources import Source, find_source
from seatrial.init.wishes import Wish, Wishes, is_here
from seatrial.project.fleet import Fleet
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings
from seatrial.stacks.local import LocalStack
from seatrial.stacks.protocol import Replica

Tell: TypeAlias = Callable[[str], object]

MOST_ROUTES = 30
# What any service can be asked: one that is called by others alone answers 404, which is an answer.
ROOT = (Route("/"),)


class Place(NamedTuple):
    """Where a service is to be looked at: its address, where its metrics may be, and files that may be its log.

    The names of `logs` are what fleet.yml would call them; empty for what it need not name.
    """

    service: str
    url: str
    metrics: tuple[str, ...]
    logs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Looked:
    """`probed` is by service, without those that are elsewhere; `routes` are those that were answered well."""

    told: str
    routes: tuple[Route, ...]
    left_out: tuple[LeftOut, ...]
    probed: Mapping[str, Probed]


def look(wishes: Wishes, fleet: Fleet, root: Path, settings: Settings, http: Http, tell: Tell) -> Looked:
    """Everything that can be seen. Raises UsageError and StackError."""
    with running(wishes, fleet, root, settings, tell) as places:
        door = places.get(wishes.entry)
        source = find_source(wishes, door.url if door else None, http)
        tell(f"asking each service, and {wishes.entry} for what comes from {source.told}")
        probed = {
            name: _probe(place, source.found.routes[:MOST_ROUTES] if place is door else ROOT, http)
            for name, place in places.items()
        }
    if door is None:
        return Looked(source.told, source.found.routes[:MOST_ROUTES], source.found.left_out, probed)
    answers = probed[wishes.entry].asked
    if not any(each.well for each in answers):
        raise UsageError(
            f"nothing that {wishes.entry} was asked was answered well ({'; '.join(map(told, answers))}). Name what is to "
            "be asked with --path, or give --openapi or --access-log."
        )
    refused = [LeftOut(f"GET {each.route.template}", told(each)) for each in answers if not each.well]
    routes = tuple(_as_answered(each) for each in answers if each.well)
    return Looked(source.told, routes, (*source.found.left_out, *refused, *_beyond(source)), probed)


@contextmanager
def running(wishes: Wishes, fleet: Fleet, root: Path, settings: Settings, tell: Tell) -> Iterator[dict[str, Place]]:
    """The places to look at: services that are started for as long as this lasts, or that run already."""
    if not wishes.starts:
        yield {wish.name: _place(wish, root) for wish in wishes.services if is_here(wish.url or "")}
        return
    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        stack = LocalStack(draft_project(fleet, root), RunFolder.create(Path(folder), "up"), settings=settings)
        try:
            tell(f"starting {', '.join(fleet.services)} for a look")
            stack.up()
            yield {each.service: _started(each, fleet, stack.run.logs) for each in stack.replicas()}
        finally:
            stack.down()


def _started(replica: Replica, fleet: Fleet, logs: Path) -> Place:
    """Both streams are looked at where nobody named the log."""
    named = fleet.log_of(replica.service) or ""
    shown = "" if named == "{log_file}" else named
    files = {shown: replica.log_file} if replica.log_file else {}
    if shown == "stdout":
        files["stderr"] = logs / f"{replica.instance}.out"
    metrics = _metrics_urls(replica.admin_url, fleet.admin_of(replica.service).metrics)
    return Place(replica.service, replica.url, metrics, files)


def _place(wish: Wish, root: Path) -> Place:
    logs = {wish.log: root / wish.log} if wish.log else {}
    return Place(wish.name, wish.url or "", _metrics_urls(wish.url or "", wish.metrics), logs)


def _metrics_urls(url: str, named: str | None) -> tuple[str, ...]:
    if named and "://" in named:
        return (named,) if is_here(named) else ()
    return tuple(f"{url}{path}" for path in ((named,) if named else METRICS_PATHS))


def _probe(place: Place, routes: Sequence[Route], http: Http) -> Probed:
    probed = Probe(place.service, place.url, http, place.metrics, place.logs).go(routes)
    if all(each.status is None for each in probed.asked):
        raise StackError(f"{place.service} does not answer at {place.url}. Start it, or correct its address.")
    return probed


def told(asked: Asked) -> str:
    """What became of a request, in words."""
    status = f"no whole answer in {TIMEOUT_SECONDS:g} s" if asked.status is None else f"answered {asked.status}"
    target = asked.route.target(asked.sample)
    guess = f", with {asked.sample.guessed} as a guess" if asked.sample.guessed else ""
    return f"{status} to {target}{guess}"


def _as_answered(asked: Asked) -> Route:
    """What was answered is a right answer, whatever the document says."""
    status = asked.status or OK
    return asked.route if status in asked.route.statuses else replace(asked.route, statuses=(status,))


def _beyond(source: Source) -> Iterator[LeftOut]:
    number = len(source.found.routes) - MOST_ROUTES
    if number > 0:
        yield LeftOut(f"{number} more routes", f"the first {MOST_ROUTES} are enough to begin with")

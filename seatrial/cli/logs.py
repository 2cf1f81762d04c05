"""`seatrial logs`: log lines of a run by trace, service, level and time."""

from __future__ import annotations

import json as _json
import re
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.cli.invocation import Invocation
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from seatrial.backends.log_search import Entry, LogSearch
    from seatrial.project.project import Project

EXAMPLES = (
    "seatrial logs --level error",
    "seatrial logs --trace TRACE_ID",
    "seatrial logs RUN_ID --service SERVICE --since 5m",
    "seatrial logs --follow",
)
LOOK_SECONDS = 0.5
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Place(StrEnum):
    """Where lines are looked for."""

    FILES = "files"
    ELASTICSEARCH = "elasticsearch"


def logs(  # noqa: PLR0913, PLR0917 - typer makes an option of each
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN_ID", help="Default: the one that runs, or the latest.")
    ] = None,
    trace: Annotated[str | None, typer.Option(help="Lines of this trace.")] = None,
    service: Annotated[str | None, typer.Option(help="Lines of this service.")] = None,
    level: Annotated[str | None, typer.Option(help="Lines at this level.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="AGE", help="30s, 5m, 2h, 1d, or a time as 2026-11-26T01:00:00.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The latest so many.")] = 200,
    source: Annotated[
        Place | None, typer.Option("--from", help="Default: Elasticsearch where the run has one.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Each line whole, as JSON.")] = False,
) -> None:
    """Show log lines of a run, the oldest first.

    From the run's Elasticsearch while it runs, else from the JSON files through DuckDB, with the same answers.
    """
    from seatrial.backends.log_search import Query

    invocation: Invocation = context.obj
    from seatrial.project.project import load_project

    project = load_project(invocation.file)
    if service is not None and service not in project.fleet.services:
        raise UsageError(f"there is no service {service!r}. Known are: {', '.join(project.fleet.services)}.")
    query = Query(trace or "", service or "", level or "", None if since is None else begin(since, time.time()), limit)
    search = open_search(invocation, project, run, source)
    for entry in search.find(query):
        show(entry, whole=json)
    while follow:
        time.sleep(LOOK_SECONDS)
        for entry in search.fresh(query):
            show(entry, whole=json)


def open_search(invocation: Invocation, project: Project, run: str | None, source: Place | None) -> LogSearch:
    """The place to look in. Raises UsageError when there is none."""
    from seatrial.backends.elasticsearch import Documents, connect
    from seatrial.backends.log_search import FileSearch, IndexSearch
    from seatrial.ship.following import sources_of
    from seatrial.stacks.processes import is_same

    stack = choose(invocation.runs, run)
    logs_of = {name: roles for name in project.fleet.services if (roles := project.telemetry.roles_of(name).log)}
    own = stack.get("elasticsearch") or {}
    there = own.get("url") and not own.get("obstacle") and is_same(stack["owner_pid"], stack["owner_started"])
    if source is Place.ELASTICSEARCH and not there:
        raise UsageError(f"run {stack['run']} has no Elasticsearch that runs. Leave out --from, to read its files.")
    if there and source is not Place.FILES and project.telemetry.roles.log is not None:
        client = connect(own["url"], invocation.settings.elasticsearch)
        return IndexSearch(Documents(client, own["alias"]), project.telemetry.roles.log)
    logs = ((each["service"], each["instance"], each["log_file"]) for each in stack["services"])
    sources = sources_of(logs, logs_of)
    if not sources:
        raise UsageError(f"run {stack['run']} has no log within reach that telemetry.yml gives a role.")
    return FileSearch(sources, logs_of)


def choose(runs: Path, run: str | None) -> dict[str, Any]:
    """The named run's stack, or the one that runs, or the latest run's."""
    from seatrial.run_folder import run_ids
    from seatrial.stacks.observation import choose_stack, read_stack, running_stacks

    if run is not None or running_stacks(runs):
        return choose_stack(runs, run)
    for each in reversed(run_ids(runs)):
        if (stack := read_stack(runs / each)) is not None:
            return stack
    raise UsageError(f"{runs} holds no run with logs. Start one with `seatrial trial` or `seatrial up`.")


def begin(since: str, now: float) -> float:
    """An age or a time (UTC without a zone) in epoch seconds. Raises UsageError."""
    if found := re.fullmatch(r"(\d+)([smhd])", since):
        return now - int(found[1]) * UNITS[found[2]]
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        raise UsageError(
            f"--since {since}: write an age as 30s, 5m, 2h or 1d, or a time as 2026-11-26T01:00:00."
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def show(entry: Entry, *, whole: bool) -> None:
    """One line, at once: others may be waiting for it."""
    if whole:
        print(_json.dumps(entry.fields, ensure_ascii=False), flush=True)
        return
    at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    trace = f"  trace {entry.trace}" if entry.trace else ""
    print(f"{at}Z {entry.level:<8} {entry.instance:<14} {entry.message}{trace}", flush=True)

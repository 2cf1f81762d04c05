"""`seatrial render`: write what other programs are configured with, and prove dashboards on a running stack."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, write_document
from seatrial.errors import Exit, UsageError

if TYPE_CHECKING:
    from seatrial.project.project import Project

EXAMPLES = (
    "seatrial render",
    "seatrial render --check",
    "seatrial render --live",
    "seatrial render --live --json panels.json",
)
SCHEMA = 1
# As far back as Grafana's own dashboards look by default.
LONGEST_SECONDS = 900.0


def render(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Write nothing; ask the running stack every query of every panel.")
    ] = False,
    run: Annotated[
        str | None, typer.Option(help="With --live: the stack's run id; default: the only one that runs.")
    ] = None,
    json: JsonFile = None,
) -> Exit:
    """Write the generated files anew, from the contract.

    Elasticsearch's templates, Kibana's saved objects, Prometheus's rules and Grafana's dashboards, into the folders that
    seatrial.yml names. They are committed, so that the containers are configured with them; `--check` is for CI.
    `--live` proves dashboards: each query must give data of the last minutes, unless its panel says that it is empty while all is well.
    """
    from seatrial.project.project import load_project

    invocation: Invocation = context.obj
    if check and live:
        raise UsageError("--check looks at files and --live at a running stack. Ask one after the other.")
    if (json is not None or run is not None) and not live:
        raise UsageError("--json and --run belong to --live. Add it.")
    project = load_project(invocation.file)
    if live:
        return prove(invocation, project, run, json)
    return write_files(project, check=check)


def write_files(project: Project, *, check: bool) -> Exit:
    """Write what is stale, or say so."""
    from seatrial.render.files import rendered, stale, write

    files = rendered(project)
    if not files:
        raise UsageError(
            f"{project.file} names no folder to render into. Add `elasticsearch: FOLDER`, `kibana: FOLDER`, or `grafana: FOLDER` with `hooks.dashboards`."
        )
    amiss = list(stale(files))
    for path, matter in amiss:
        print(f"{path} {matter}" if check else f"{path} {matter}: mended")
    if check:
        print(
            f"{len(files)} files, {len(amiss)} to mend. Run `seatrial render`."
            if amiss
            else f"{len(files)} files, all as they should be"
        )
        return Exit.FAIL if amiss else Exit.PASS
    write(files)
    print(f"{len(files)} files rendered")
    return Exit.PASS


def prove(invocation: Invocation, project: Project, run: str | None, json: str | None) -> Exit:
    """Ask the running stack."""
    from seatrial.checks.panels import panels_answered, panels_document
    from seatrial.panels.asking import Seen, ask
    from seatrial.panels.model import read_dashboards
    from seatrial.panels.run import account, span_of
    from seatrial.run_folder import read_json
    from seatrial.stacks.observation import choose_stack

    dashboards = read_dashboards(project.dashboards)
    if not dashboards:
        raise UsageError(f"{project.file} names no dashboards. Add `grafana: FOLDER`, and run `seatrial render`.")
    stack, now = choose_stack(invocation.runs, run), time.time()
    began = (read_json(invocation.runs / stack["run"] / "run.json") or {}).get("started", now)
    span = span_of(project, max(began, now - LONGEST_SECONDS), now)
    seen: list[Seen] = ask(dashboards, stack_sources(invocation, stack, span))
    panels = account(seen)
    finding = panels_answered(panels, obstacle="")
    document = {
        "schema": SCHEMA,
        "run": stack["run"],
        "verdict": finding.verdict.value,
        "seconds": round(span.end - span.begin, 1),
    }
    if json is not None:
        write_document(document | panels_document(panels), json)
    stream = sys.stderr if json == "-" else sys.stdout
    for told in lines(seen):
        print(told, file=stream)
    print(f"{finding.verdict.value}: {finding.reason}", file=stream)
    return Exit[finding.verdict.value]


def stack_sources(invocation: Invocation, stack: dict[str, Any], span: Any) -> Any:
    """Where the running stack's panels get their data."""
    import requests

    from seatrial.backends.elasticsearch import Documents, connect
    from seatrial.backends.prometheus import Prometheus
    from seatrial.panels.run import sources

    http = requests.Session()
    http.trust_env = False
    own, logs = stack.get("prometheus"), stack.get("elasticsearch") or {}
    documents = None
    if logs.get("url") and not logs.get("obstacle"):
        documents = Documents(connect(logs["url"], invocation.settings.elasticsearch), logs["alias"])
    return sources(Prometheus(own["url"], http) if own else None, documents, span)


def lines(seen: list[Any]) -> list[str]:
    """Each dashboard in a line, and below it what is amiss or empty."""
    from seatrial.panels.asking import ANSWERED, EMPTY, REFUSED, SILENT, UNASKED
    from seatrial.panels.model import UNBORN

    told: list[str] = []
    for title in dict.fromkeys(each.dashboard.title for each in seen):
        own = [(each, result) for each in seen if each.dashboard.title == title for result in each.results]
        sent = [result for _, result in own if result.state not in {UNASKED, SILENT}]
        answered = sum(result.state == ANSWERED for result in sent)
        told.append(f"{title}: {answered} of {len(sent)} queries gave data" if sent else f"{title}: not asked")
        for each, result in own:
            if result.state == REFUSED:
                told.append(f"  {each.panel.title}, query {result.target.letter}: refused: {result.reason}")
            elif result.state == EMPTY and not each.panel.may_be_empty:
                told.append(f"  {each.panel.title}, query {result.target.letter}: no data: {result.query}")
            elif result.state == EMPTY:
                drill = f", `seatrial drill {each.panel.drill}` fills it" if each.panel.drill else ""
                why = "until it has happened" if UNBORN in each.panel.about else "while all is well"
                told.append(f"  {each.panel.title}: empty {why}{drill}")
        reasons = dict.fromkeys(result.reason for _, result in own if result.state == UNASKED)
        told += [f"  not asked: {reason}" for reason in reasons]
    return told

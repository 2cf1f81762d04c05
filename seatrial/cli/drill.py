"""`seatrial drill`: make alerts fire on a running fleet, and see that somebody is told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, console, write_document
from seatrial.cli.pipeline import With, wanted
from seatrial.errors import Exit, StackError, UsageError

if TYPE_CHECKING:  # models and stacks are imported when one is drilled
    from seatrial.alerts.drills import Drill
    from seatrial.drilling import DrillOutcome
    from seatrial.mischief import Standing
    from seatrial.project.project import Project

EXAMPLES = ("seatrial drill --all", "seatrial drill TargetDown ServiceFails", "seatrial drill --all --json drills.json")
SCHEMA = 1


class DrillsDone(Exception):
    """All drills are through: no more load is needed."""


def drill(
    context: typer.Context,
    alerts: Annotated[list[str] | None, typer.Argument(metavar="ALERT", help="Which alerts to prove.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of drills.yml.")] = False,
    run: Annotated[str | None, typer.Option(help="The stack's run id; default: the only one that runs.")] = None,
    with_: Annotated[With | None, typer.Option("--with", help="Start a log pipeline too, where none runs.")] = None,
    json: JsonFile = None,
) -> Exit:
    """Prove alerts: make each fire by its own fault, see that somebody is told, and that it ends.

    On the running stack (`seatrial up --faults`), or on one of its own where none runs, under a light load. Any other alert that fires
    meanwhile, and is not expected in drills.yml, fails the drill.
    """
    from seatrial.drilling import DrillOutcome
    from seatrial.project.project import load_project

    invocation: Invocation = context.obj
    project = load_project(invocation.file)
    chosen = choose(project, alerts or [], every=every)
    stream = sys.stderr if json == "-" else sys.stdout
    outcomes = list[DrillOutcome]()

    def tell(outcome: DrillOutcome) -> None:
        outcomes.append(outcome)
        print(line(outcome), file=stream, flush=True)

    with standing_stack(invocation, project, run, with_) as (standing, tend):
        drills, left_out = possible(chosen, standing)
        print(f"{len(drills)} drills on {standing.run_dir}", file=stream, flush=True)
        under_load(invocation, project, standing, drills, tell, tend)
    verdict = overall_of(outcomes)
    document = document_of(standing, verdict, outcomes, left_out)
    if json is not None:
        write_document(document, json)
    if json != "-":
        show(invocation, document)
    return Exit[verdict]


def choose(project: Project, names: Sequence[str], *, every: bool) -> list[Drill]:
    """The drills that were asked for, all rows of each alert. Raises UsageError."""
    if project.drills is None:
        raise UsageError(f"{project.file} names no drills. Add `drills: FILE`.")
    rows = project.drills.drills
    known = dict.fromkeys(each.alert for each in rows)
    unknown = [name for name in names if name not in known]
    if unknown or not (names or every):
        asked = f"there is no drill of {unknown[0]!r}" if unknown else "name alerts, or say --all"
        raise UsageError(f"{asked}. Known are: {', '.join(known)}.")
    return list(rows) if every else [each for name in dict.fromkeys(names) for each in rows if each.alert == name]


def possible(drills: Sequence[Drill], standing: Standing) -> tuple[list[Drill], dict[str, str]]:
    """Those that can be done here; the alerts of the others, and why not."""
    has_pipeline = bool(standing.document().get("elasticsearch"))
    left_out = {
        each.alert: f"needs a log pipeline (--with {each.needs})" for each in drills if each.needs and not has_pipeline
    }
    return [each for each in drills if each.alert not in left_out], left_out


@contextmanager
def standing_stack(
    invocation: Invocation, project: Project, run_id: str | None, with_: With | None
) -> Iterator[tuple[Standing, Callable[[], None]]]:
    """The stack to drill, and what is to be called in between: the running one, or one of our own."""
    from seatrial.mischief import Standing
    from seatrial.stacks.observation import choose_stack, running_stacks

    if run_id is not None or running_stacks(invocation.runs):
        found = choose_stack(invocation.runs, run_id)
        refuse_deaf(found)
        yield Standing(project, Path(found["run_dir"])), lambda: None
        return
    from seatrial.cli.up import fill, new_run
    from seatrial.stacks.local import LocalStack
    from seatrial.stacks.owner import Attendant

    settings = {"faults": True, "replicas": {}, "populate": True}
    run = new_run(invocation, project, 1, settings)
    stack = LocalStack(project, run, faults=True, settings=invocation.settings, pipeline=wanted(with_, None))
    try:
        stack.up()
        fill(stack, project, 1)
        refuse_deaf(stack.status())
        yield Standing(project, run.path), Attendant(stack).turn
    finally:
        stack.down()
        run.finish()


def refuse_deaf(document: dict[str, Any]) -> None:
    """Without Alertmanager nobody could be told. Raises StackError."""
    told = document.get("alertmanager") or {}
    if not told.get("url"):
        raise StackError(
            told.get("obstacle") or "this stack has no Alertmanager. Add `alertmanager: FOLDER` to seatrial.yml."
        )


def under_load(
    invocation: Invocation,
    project: Project,
    standing: Standing,
    drills: Sequence[Drill],
    tell: Callable[[DrillOutcome], None],
    tend: Callable[[], None],
) -> None:
    """Do the drills while the light load is driven."""
    import requests

    from seatrial.backends.prometheus import Prometheus
    from seatrial.cli.load import aim_at, generator_of, open_run
    from seatrial.drilling import DrillMaster
    from seatrial.load.exporter import exported
    from seatrial.load.plan import prepare, steps_file
    from seatrial.load.runner import drive
    from seatrial.stacks.turns import to_the_end

    document, load = standing.document(), project.load
    if load is None or project.drills is None:
        raise UsageError(f"drills need a load, and {project.file} names none. Add load.locustfile.")
    profile, _ = prepare(project.drills.profile, profiles=load.profiles, journeys=steps_file(load.locustfile))
    aim = aim_at(document)
    run = open_run(invocation.runs, profile, aim.url)
    with requests.Session() as http:
        http.trust_env = False
        prometheus = Prometheus(document["prometheus"]["url"], http, timeout=2.0)
        master = DrillMaster(standing, prometheus, permanent(project), tell)
        turns = master.drilling(drills)

        def beside() -> None:
            tend()
            try:
                next(turns)
            except StopIteration as end:
                raise DrillsDone from end

        def pause(seconds: float) -> None:
            tend()
            time.sleep(seconds)

        job = generator_of(run, profile, load.locustfile.absolute(), aim, None, project.root)
        try:
            with exported(aim.stack) as gauges:
                drive(job, beside=beside, gauges=gauges)
        except DrillsDone:
            pass
        finally:
            to_the_end(master.undoing(), pause)
            run.finish()


def permanent(project: Project) -> frozenset[str]:
    """Alerts that are for machines, and fire always."""
    found = project.alerts.alerts if project.alerts else ()
    return frozenset(each.alert for each in found if each.severity == "none")


def overall_of(outcomes: Sequence[DrillOutcome]) -> str:
    """FAIL over INCONCLUSIVE over PASS; nothing drilled is INCONCLUSIVE."""
    from seatrial.checks.finding import worst_of

    return worst_of(outcome.verdict for outcome in outcomes).value


def document_of(
    standing: Standing, verdict: str, outcomes: Sequence[DrillOutcome], left_out: dict[str, str]
) -> dict[str, Any]:
    """As --json has it."""
    return {
        "schema": SCHEMA,
        "run": standing.run_dir.name,
        "verdict": verdict,
        "drills": [{**asdict(each), "verdict": each.verdict.value} for each in outcomes],
        "left_out": [{"alert": alert, "reason": reason} for alert, reason in left_out.items()],
    }


def line(outcome: DrillOutcome) -> str:
    """One drill, as it ends."""
    times = (("fired", outcome.fired_seconds), ("told", outcome.told_seconds), ("over", outcome.ended_seconds))
    said = ", ".join(f"{name} after {seconds:.1f} s" for name, seconds in times if seconds is not None)
    where = f" at {outcome.service}" if outcome.service else ""
    also = f"; also {', '.join(outcome.also)}" if outcome.also else ""
    reason = "" if outcome.verdict.value == "PASS" else f" {outcome.reason};"
    return (
        f"{outcome.verdict.value:<12} {outcome.alert}{where} by {outcome.deed}:{reason} {said or 'never fired'}{also}"
    )


def show(invocation: Invocation, document: dict[str, Any]) -> None:
    """What was left out, and the verdict last."""
    screen = console(invocation.settings)
    for each in document["left_out"]:
        screen.print(f"not drilled: {each['alert']}: {each['reason']}", soft_wrap=True)
    amiss = [each["alert"] for each in document["drills"] if each["verdict"] != "PASS"]
    counted = f"{len(document['drills'])} drills" + (f", amiss: {', '.join(amiss)}" if amiss else ", all alerts proven")
    screen.print(f"{document['verdict']}: {counted}", soft_wrap=True)

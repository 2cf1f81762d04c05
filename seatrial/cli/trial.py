"""`seatrial trial`: the main job, from nothing to a verdict and back to nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, write_document
from seatrial.cli.pipeline import ElasticsearchUrl, With, wanted
from seatrial.cli.where import On, refuse_elsewhere, started_here
from seatrial.errors import Exit, StackError, UsageError

if TYPE_CHECKING:  # models, numpy and rich are imported when a trial is begun
    from seatrial.run_folder import RunFolder
    from seatrial.stacks.owned import OnEvent
    from seatrial.stacks.pipeline import Wanted
    from seatrial.stacks.protocol import Stack
    from seatrial.trial import Order

EXAMPLES = (
    "seatrial trial",
    "seatrial trial smoke",
    "seatrial trial smoke --fault latency=0.5@SERVICE",
    "seatrial trial --replicas SERVICE=2",
    "seatrial trial --on compose",
    "seatrial trial --on external",
    "seatrial trial --with elasticsearch",
    "seatrial trial --json verdict.json",
)
DEFAULT_PROFILE = "trial"


def trial(  # noqa: PLR0913, PLR0917 - typer makes an option of each
    context: typer.Context,
    profile: Annotated[str, typer.Argument(help="A profile's name in the project, or a file.")] = DEFAULT_PROFILE,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="FAULT", help="NAME[=VALUE]@SERVICE[/route][~SHARE]; may be repeated.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the profile's.")] = None,
    replicas: Annotated[list[str] | None, typer.Option(metavar="SERVICE=N", help="Run N of a service.")] = None,
    on: Annotated[
        On, typer.Option(help="Start services as processes or as containers, or drive those that somebody else runs.")
    ] = On.LOCAL,
    with_: Annotated[
        With | None,
        typer.Option("--with", help="Ship all log lines into a real Elasticsearch, and prove each there once."),
    ] = None,
    elasticsearch: ElasticsearchUrl = None,
    runs: Annotated[Path | None, typer.Option(help="Where the run's folder is made; default: runs/.")] = None,
    page: Annotated[bool, typer.Option(help="Serve the live page on 127.0.0.1.")] = True,
    json: JsonFile = None,
) -> Exit:
    """Start the fleet and Prometheus, drive them with load, judge, report, and stop everything.

    Takes free ports and a folder of its own, so trials do not disturb one another. The verdict is the last line.
    With `--on external` nothing is started or stopped but Prometheus and the load.
    """
    from seatrial.cli.live import live_view
    from seatrial.report.events import Note
    from seatrial.run_folder import read_json
    from seatrial.trial import Trial

    invocation: Invocation = context.obj
    order = read_order(invocation, profile, fault or [], seed, replicas or [])
    refuse_elsewhere(order.project, on, order.replicas)
    refuse_without_vitals(invocation)
    run = new_run(order, (runs or invocation.runs).absolute(), on)
    # With the document on standard output, what a person reads goes where it does not mix.
    stream = sys.stderr if json == "-" else sys.stdout
    with live_view(invocation, order.project, run, page=page, profile=order.profile, stream=stream) as view:
        stack = new_stack(order, run, on, invocation, view.on_change, wanted(with_, elasticsearch))
        if stack.deaf:
            view.show(Note(stack.deaf))
        verdict = Trial(order, run, stack, view.show, on_up=view.begin).go()
    if json is not None:
        write_document(read_json(run.path / "verdict.json"), json)
    return Exit[verdict.name]


def read_order(invocation: Invocation, profile: str, faults: list[str], seed: int | None, replicas: list[str]) -> Order:
    """Everything that was asked for, read and refused before anything is started."""
    from seatrial.cli.up import parse_replicas
    from seatrial.faults import parse_fault
    from seatrial.load.plan import prepare, steps_file
    from seatrial.project.project import load_project
    from seatrial.trial import Order

    project = load_project(invocation.file)
    if project.load is None:
        raise UsageError(f"a trial needs a load, and {invocation.file} names none. Add load.locustfile.")
    if faults and project.hooks.fault is None:
        raise UsageError(f"--fault needs a fault hook, and {invocation.file} names none. Add hooks.fault.")
    known = tuple(project.fleet.services)
    chosen, plan = prepare(
        profile,
        profiles=project.load.profiles,
        journeys=steps_file(project.load.locustfile),
        seed=seed,
        services=known,
        objectives=project.objectives,
    )
    return Order(
        project, chosen, plan, tuple(parse_fault(text, known) for text in faults), parse_replicas(replicas, list(known))
    )


def new_stack(
    order: Order, run: RunFolder, on: On, invocation: Invocation, on_event: OnEvent, pipeline: Wanted | None
) -> Stack:
    """The fleet as it was asked for; nothing is started yet."""
    from seatrial.stacks.external import ExternalStack

    if on is On.EXTERNAL:
        return ExternalStack(order.project, run, on_event=on_event, settings=invocation.settings, pipeline=pipeline)
    return started_here(
        order.project,
        run,
        on,
        invocation,
        on_event,
        faults=bool(order.faults),
        replicas=order.replicas,
        pipeline=pipeline,
    )


def refuse_without_vitals(invocation: Invocation) -> None:
    """What the doctor would find amiss, before minutes are spent. Raises StackError with the remedies."""
    from seatrial.doctor import examine

    amiss = [
        each for each in examine(invocation.file, invocation.runs, invocation.settings) if each.vital and not each.ok
    ]
    if amiss:
        raise StackError("; ".join(f"{each.name}: {each.found}. {each.remedy}" for each in amiss))


def new_run(order: Order, runs: Path, on: On) -> RunFolder:
    """The folder of this trial, with what its figures depend on."""
    from seatrial.machine import describe_machine, describe_versions
    from seatrial.run_folder import RunFolder

    return RunFolder.create(
        runs,
        "trial",
        seed=order.profile.seed,
        profile=order.profile.name,
        fleet=order.project.fleet.name,
        versions=describe_versions(),
        machine=describe_machine(),
        settings={
            "on": on.value,
            "faults": [fault.document() for fault in order.faults],
            "replicas": dict(order.replicas),
        },
    )

"""`seatrial trial`: the main job, from nothing to a verdict and back to nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, write_document
from seatrial.errors import Exit, StackError, UsageError

if TYPE_CHECKING:  # models, numpy and rich are imported when a trial is begun
    from seatrial.run_folder import RunFolder
    from seatrial.trial import Order

EXAMPLES = (
    "seatrial trial",
    "seatrial trial smoke",
    "seatrial trial smoke --fault latency=0.5@SERVICE",
    "seatrial trial --replicas SERVICE=2",
    "seatrial trial --json verdict.json",
)
DEFAULT_PROFILE = "trial"


def trial(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(help="A profile's name in the project, or a file.")] = DEFAULT_PROFILE,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="FAULT", help="NAME[=VALUE]@SERVICE[/route][~SHARE]; may be repeated.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the profile's.")] = None,
    replicas: Annotated[list[str] | None, typer.Option(metavar="SERVICE=N", help="Run N of a service.")] = None,
    runs: Annotated[Path | None, typer.Option(help="Where the run's folder is made; default: runs/.")] = None,
    json: JsonFile = None,
) -> Exit:
    """Start the fleet and Prometheus, drive them with load, judge, report, and stop everything.

    Takes free ports and a folder of its own, so trials do not disturb one another. The verdict is the last line.
    """
    from seatrial.report.renderers import choose_renderer
    from seatrial.run_folder import read_json
    from seatrial.stacks.local import LocalStack
    from seatrial.trial import Trial

    invocation: Invocation = context.obj
    order = read_order(invocation, profile, fault or [], seed, replicas or [])
    refuse_without_vitals(invocation)
    run = new_run(order, (runs or invocation.runs).absolute())
    stack = LocalStack(
        order.project, run, faults=bool(order.faults), replicas=order.replicas, settings=invocation.settings
    )
    # With the document on standard output, what a person reads goes where it does not mix.
    stream = sys.stderr if json == "-" else sys.stdout
    with choose_renderer(stream, color=invocation.settings.color) as shown:
        verdict = Trial(order, run, stack, shown.show).go()
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
    )
    return Order(
        project, chosen, plan, tuple(parse_fault(text, known) for text in faults), parse_replicas(replicas, list(known))
    )


def refuse_without_vitals(invocation: Invocation) -> None:
    """What the doctor would find amiss, before minutes are spent. Raises StackError with the remedies."""
    from seatrial.doctor import examine

    amiss = [
        each for each in examine(invocation.file, invocation.runs, invocation.settings) if each.vital and not each.ok
    ]
    if amiss:
        raise StackError("; ".join(f"{each.name}: {each.found}. {each.remedy}" for each in amiss))


def new_run(order: Order, runs: Path) -> RunFolder:
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
        settings={"faults": [fault.document() for fault in order.faults], "replicas": dict(order.replicas)},
    )

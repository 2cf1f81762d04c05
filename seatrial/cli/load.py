"""`seatrial load`: drive any target by a profile, and say what its clients saw; nothing is started or judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, console, write_document
from seatrial.errors import UsageError

if TYPE_CHECKING:  # numpy is imported when there is something to count
    from rich.table import Table

    from seatrial.load.profile import Profile
    from seatrial.load.progress import Progress
    from seatrial.load.runner import LoadJob
    from seatrial.run_folder import RunFolder

EXAMPLES = (
    "seatrial load smoke",
    "seatrial load smoke --target http://127.0.0.1:8000",
    "seatrial load mine.yml --target https://staging.example.org --locustfile mine.py",
)


def load(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(help="A profile's name in the project, or a file.")],
    target: Annotated[
        str | None, typer.Option(help="Where to; default: the entry of the only stack that runs.")
    ] = None,
    locustfile: Annotated[Path | None, typer.Option(help="What to run; default: the project's.")] = None,
    identities: Annotated[Path | None, typer.Option(help="The clients' identities; default: the stack's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the profile's.")] = None,
    json: JsonFile = None,
) -> None:
    """Drive a target by a profile.

    Arrivals do not wait for answers. Prints what the clients saw; for a verdict there is `seatrial trial`.
    """
    from seatrial.load.plan import prepare, steps_file
    from seatrial.project.project import load_project

    invocation: Invocation = context.obj
    root, runs = places(invocation, needed=locustfile is None or target is None)
    named = load_project(invocation.file).load if locustfile is None else None
    script = locustfile or (named.locustfile if named else None)
    if script is None:
        raise UsageError("the project names no locustfile. Name one with --locustfile.")
    profiles = named.profiles if named else None
    chosen, _ = prepare(profile, profiles=profiles, journeys=steps_file(script), seed=seed)
    aim = Aim(target) if target else running_aim(invocation)
    run = open_run(runs, chosen, aim.url)
    job = generator_of(run, chosen, script.absolute(), aim, identities, root)
    drive_profile(invocation, run, job, aim.stack)
    document = {
        "run": run.id,
        "target": aim.url,
        "profile": chosen.name,
        "seed": chosen.seed,
        "steps": gather(run, chosen),
    }
    if json is not None:
        write_document(document, json)
    if json != "-":
        console(invocation.settings).print(steps_table(document))


@dataclass(frozen=True)
class Aim:
    """Where requests go, and the customers there; with `discovery` to all replicas of `entry`. `stack` is the folder of a stack
    that is started by Seatrial.
    """

    url: str
    identities: Path | None = None
    discovery: Path | None = None
    entry: str = ""
    stack: Path | None = None


def running_aim(invocation: Invocation) -> Aim:
    """The entry of the only stack that runs, all its replicas. Raises UsageError."""
    from seatrial.stacks.observation import choose_stack

    return aim_at(choose_stack(invocation.runs, None))


def aim_at(stack: Mapping[str, Any]) -> Aim:
    """The same of a stack by its document."""
    folder, url = Path(stack["run_dir"]), stack["entry_url"]
    identities = folder / "identities.json"
    entry = next(each["service"] for each in stack["services"] if each["url"] == url)
    return Aim(url, identities if identities.exists() else None, folder / "discovery.json", entry, folder)


def places(invocation: Invocation, *, needed: bool) -> tuple[Path, Path]:
    """The folder to work in and that of all runs: the project's, or this folder's where no project is needed."""
    try:
        return invocation.file.parent, invocation.runs
    except UsageError:
        if needed:
            raise
        return Path.cwd(), invocation.settings.runs_dir or Path.cwd() / "runs"


def open_run(runs: Path, profile: Profile, url: str) -> RunFolder:
    """A run folder that says what is driven, from where."""
    from seatrial.machine import describe_machine, describe_versions
    from seatrial.run_folder import RunFolder

    facts: dict[str, Any] = {
        "versions": describe_versions(),
        "machine": describe_machine(),
        "settings": {"target": url},
    }
    return RunFolder.create(runs, "load", seed=profile.seed, profile=profile.name, **facts)


def generator_of(
    run: RunFolder, profile: Profile, script: Path, aim: Aim, identities: Path | None, root: Path
) -> LoadJob:
    """The generator's job in that run folder."""
    from seatrial.load.runner import LoadJob
    from seatrial.settings import child_environment

    return LoadJob(
        profile=profile,
        locustfile=script,
        target=aim.url,
        samples=run.samples,
        profile_file=run.path / "profile.json",
        log=run.logs / "locust.out",
        environment=child_environment(run.id),
        identities=identities or aim.identities,
        working_folder=root,
        discovery=aim.discovery,
        entry=aim.entry,
    )


def drive_profile(invocation: Invocation, run: RunFolder, job: LoadJob, stack: Path | None) -> None:
    """Run the generator under a guardian; the Prometheus of the stack in that folder sees how it goes."""
    from seatrial.load.exporter import exported
    from seatrial.load.runner import drive
    from seatrial.stacks.guardian import Guardian

    guardian = Guardian.start(run.id, run.path, invocation.settings.runtime_dir / "ports", dict(job.environment))
    try:
        with exported(stack) as gauges:
            drive(job, lambda progress: tell(progress, job.profile.seconds), gauges=gauges)
    finally:
        guardian.release()
        run.finish()


def tell(progress: Progress, seconds: int) -> None:
    """One line a second on standard error, so that standard output stays the result's."""
    typer.echo(
        f"{progress.elapsed:4.0f} of {seconds} s  {progress.stage:<12} {progress.requests} requests, "
        f"{progress.failures} failed, {progress.in_flight} journeys in flight",
        err=True,
    )


def gather(run: RunFolder, profile: Profile) -> dict[str, Any]:
    """Per step of the whole run: requests, failures, and latencies from the intended start in seconds."""
    import numpy as np

    from seatrial.load.samples import read_samples, to_parquet
    from seatrial.statistics.percentiles import percentile

    to_parquet(run.samples)
    samples = read_samples(run.samples, profile)
    steps = {}
    for step in samples.steps():
        chosen = samples.requests["step"] == step
        latency = samples.latency_seconds[chosen]
        figures = {f"p{share * 100:.0f}": percentile(latency, share) for share in (0.5, 0.95, 0.99)}
        failed = int(np.count_nonzero(samples.requests["outcome"][chosen] != "ok"))
        steps[step] = {"requests": int(np.count_nonzero(chosen)), "failures": failed, "latency_seconds": figures}
    return steps


def steps_table(document: dict[str, Any]) -> Table:
    """What the clients saw, a row per step."""
    from rich import box
    from rich.table import Table

    table = Table(title=f"{document['profile']} on {document['target']}, not judged", box=box.SIMPLE_HEAD)
    table.caption = f"run {document['run']}"
    for column in ("step", "requests", "failed", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for step, seen in document["steps"].items():
        latencies = (f"{seconds * 1000:.1f}" for seconds in seen["latency_seconds"].values())
        table.add_row(step, str(seen["requests"]), str(seen["failures"]), *latencies)
    return table

"""`seatrial up`: a running fleet with its observability, until it is told to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import console
from seatrial.cli.pipeline import ElasticsearchUrl, With, wanted
from seatrial.cli.where import On, refuse_elsewhere, started_here
from seatrial.errors import Exit, StackError, UsageError

if TYPE_CHECKING:  # models and stacks are imported when one is started
    from seatrial.project.project import Project
    from seatrial.run_folder import RunFolder
    from seatrial.stacks.owned import OwnedStack
    from seatrial.stacks.pipeline import Wanted

EXAMPLES = (
    "seatrial up",
    "seatrial up --detach",
    "seatrial up --replicas SERVICE=2 --faults",
    "seatrial up --no-populate",
    "seatrial up --on compose",
    "seatrial up --with elasticsearch",
)


def up(  # noqa: PLR0913, PLR0917 - a verb's options are its arguments
    context: typer.Context,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; it stays up.")] = False,
    populate: Annotated[bool, typer.Option(help="Fill the stores by the project's populate hook.")] = True,
    faults: Annotated[bool, typer.Option("--faults", help="Let faults be switched on, on the admin ports.")] = False,
    replicas: Annotated[list[str] | None, typer.Option(metavar="SERVICE=N", help="Run N of a service.")] = None,
    seed: Annotated[int, typer.Option(help="Seed for what populate makes.")] = 1,
    page: Annotated[bool, typer.Option(help="Serve the live page on 127.0.0.1.")] = True,
    on: Annotated[On, typer.Option(help="Start services as processes or as containers.")] = On.LOCAL,
    with_: Annotated[With | None, typer.Option("--with", help="Ship all log lines into a real Elasticsearch.")] = None,
    elasticsearch: ElasticsearchUrl = None,
    run_id: Annotated[str | None, typer.Option("--own", hidden=True, help="Own this run (the supervisor).")] = None,
) -> Exit | None:
    """Start the fleet and keep it up.

    Starts the fleet and Prometheus, fills the stores, and keeps all running until Ctrl-C or `seatrial down`. The
    documented ports are tried first; what was taken is printed.
    """
    from seatrial.project.project import load_project
    from seatrial.run_folder import RunFolder

    invocation: Invocation = context.obj
    project = load_project(invocation.file)
    numbers = parse_replicas(replicas or [], list(project.fleet.services))
    if on is On.EXTERNAL:
        raise UsageError("`up` starts a fleet, and --on external is one that runs. Use `seatrial trial --on external`.")
    refuse_elsewhere(project, on, numbers)
    wish = Wish(populate, faults, page, seed, numbers, on, wanted(with_, elasticsearch))
    settings = {"on": on.value, "faults": faults, "replicas": numbers, "populate": populate}
    run = RunFolder.open(invocation.runs / run_id) if run_id else new_run(invocation, project, seed, settings)
    if detach:
        return announce(invocation, run, wish.options())
    own(invocation, project, run, wish)
    return None


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    populate: bool
    faults: bool
    page: bool
    seed: int
    replicas: dict[str, int]
    on: On = On.LOCAL
    pipeline: Wanted | None = None

    def options(self) -> list[str]:
        """The same, as the supervisor is told."""
        switches = {"--no-populate": not self.populate, "--faults": self.faults, "--no-page": not self.page}
        numbers = [f"--replicas={name}={number}" for name, number in self.replicas.items()]
        pipeline = (
            [f"--elasticsearch={self.pipeline.url}" if self.pipeline.url else "--with=elasticsearch"]
            if self.pipeline
            else []
        )
        return [
            *(name for name, on in switches.items() if on),
            f"--seed={self.seed}",
            *([f"--on={self.on.value}"] if self.on is not On.LOCAL else []),
            *numbers,
            *pipeline,
        ]


def parse_replicas(given: list[str], services: list[str]) -> dict[str, int]:
    """SERVICE=N, each. Raises UsageError."""
    numbers = {}
    for each in given:
        name, _, number = each.partition("=")
        if name not in services:
            raise UsageError(f"--replicas {each}: there is no service {name!r}. Known are: {', '.join(services)}.")
        if not number.isdecimal() or int(number) < 1:
            raise UsageError(f"--replicas {each}: write {name}=N with N from 1.")
        numbers[name] = int(number)
    return numbers


def new_run(invocation: Invocation, project: Project, seed: int, settings: dict[str, Any]) -> RunFolder:
    """The folder of a new run, with what it runs on."""
    from seatrial.machine import describe_machine, describe_versions
    from seatrial.run_folder import RunFolder

    facts: dict[str, Any] = {"versions": describe_versions(), "machine": describe_machine(), "settings": settings}
    return RunFolder.create(invocation.runs, "up", seed=seed, profile=None, fleet=project.fleet.name, **facts)


def announce(invocation: Invocation, run: RunFolder, options: list[str]) -> Exit | None:
    """Leave the stack to a supervisor, and say where it is."""
    from seatrial.cli.detach import supervise
    from seatrial.report.status_table import status_table
    from seatrial.run_folder import read_json
    from seatrial.stacks.observation import choose_stack, observe

    failed = supervise(run, ["--project", str(invocation.file), "up", "--own", run.id, *options])
    if failed is not None:
        return failed
    document = observe(choose_stack(run.path.parent, run.id))
    console(invocation.settings).print(status_table(document))
    page = read_json(run.path / "run.json").get("page")
    if page:
        print(f"live page {page}")
    print(f"run {run.id} stays up; stop it with: seatrial down {run.id}")
    return None


def own(invocation: Invocation, project: Project, run: RunFolder, wish: Wish) -> None:
    """Start, fill, tend until interrupted, stop."""
    from seatrial.cli.live import live_view
    from seatrial.report.events import Note, StackReady
    from seatrial.stacks.owner import tend

    with live_view(invocation, project, run, page=wish.page) as view:
        stack = started_here(
            project,
            run,
            wish.on,
            invocation,
            view.on_event,
            faults=wish.faults,
            ports_preferred=True,
            replicas=wish.replicas,
            pipeline=wish.pipeline,
        )
        if stack.deaf:
            view.show(Note(stack.deaf))
        try:
            stack.up()
            refuse_obstacle(stack)
            if wish.populate:
                fill(stack, project, wish.seed)
            run.event("ready")
            view.show(StackReady(stack.status()))
            view.begin(stack)
            tend(stack)
        finally:
            view.board.end(going_down=True)
            stack.down()
            run.finish()


def refuse_obstacle(stack: OwnedStack) -> None:
    """A pipeline that was asked for and cannot be had is told here; a trial goes on and says so in its verdict."""
    pipeline = stack.pipeline()
    if pipeline is not None and pipeline.obstacle:
        raise StackError(pipeline.obstacle)


def fill(stack: OwnedStack, project: Project, seed: int) -> None:
    """Run the populate hook, where there is one."""
    if project.hooks.populate is not None:
        with stack.step("populate"):
            stack.call_hook("populate", project.hooks.populate, seed=seed)

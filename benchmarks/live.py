"""What looking costs: CPU of the process that owns a stack under load, with and without terminal and page. Figures: live.md."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

from rich.console import Console

from seatrial.live.board import About
from seatrial.live.server import PageServer
from seatrial.live.view import LiveView
from seatrial.load.profile import Profile
from seatrial.load.progress import Progress
from seatrial.load.runner import LoadJob, drive
from seatrial.panels.model import read_dashboards
from seatrial.project.project import Project, load_project
from seatrial.report.events import Renderer, StepStarted
from seatrial.report.plain import PlainRenderer
from seatrial.report.stack_events import event_of_load
from seatrial.report.terminal import TerminalRenderer
from seatrial.run_folder import RunFolder
from seatrial.settings import child_environment, read_settings
from seatrial.stacks.local import LocalStack
from seatrial.stacks.owner import Attendant

ROOT = Path(__file__).parents[1]
MODES = ("neither", "terminal", "page", "both", "dashboard")
ROUNDS, SETTLE, WINDOW = 3, 3, 8
PROFILE = Profile.model_validate(
    {
        "name": "looked-at",
        "stages": [{"name": "steady", "rate": 40, "seconds": len(MODES) * ROUNDS * (SETTLE + WINDOW) + 8}],
        "weights": {"browse": 25, "search": 16, "buy": 35, "my-orders": 10, "cancel": 4, "home": 6},
    }
)
# What a browser asks, without a browser: the process that is measured does not know the difference.
READER = """
import http.client, json, sys, time
connection, last, turn = http.client.HTTPConnection(sys.argv[1]), 0, 0
while True:
    connection.request("GET", f"/live.json?after={last}")
    last = json.loads(connection.getresponse().read())["last"]
    if turn % 5 == 0:
        connection.request("GET", f"/observed.json?dashboard={sys.argv[2]}")
        connection.getresponse().read()
    turn += 1
    time.sleep(1)
"""


@dataclass
class Meter:
    """Changes what is shown as the load goes on, and keeps the CPU seconds of each window."""

    project: Project
    stack: LocalStack
    used: dict[str, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    prometheus: dict[str, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    _shown: ExitStack = field(default_factory=ExitStack)
    _view: LiveView | None = None
    _began: float = 0.0
    _start: tuple[float, float, float] | None = None
    _turn: int = 0

    def progress(self, seen: Progress) -> None:
        """About once a second, as a trial is told."""
        now = time.monotonic()
        if self._view is None or now - self._began >= SETTLE + WINDOW:
            self._change(now)
        if self._start is None and now - self._began >= SETTLE:
            self._start = self._clocks()
        if self._view is not None:
            self._view.show(event_of_load(seen))
        self.stack.unplanned_exits()

    def close(self) -> None:
        self._shown.close()

    def _change(self, now: float) -> None:
        if self._start is not None:
            wall, own, prometheus = (after - before for before, after in zip(self._start, self._clocks(), strict=True))
            mode = MODES[(self._turn - 1) % len(MODES)]
            self.used[mode].append(own / wall)
            self.prometheus[mode].append(prometheus / wall)
        self._shown.close()
        self._shown = ExitStack()
        self._view = self._shown.enter_context(shown(self.project, self.stack, MODES[self._turn % len(MODES)]))
        self._turn, self._began, self._start = self._turn + 1, now, None

    def _clocks(self) -> tuple[float, float, float]:
        times = psutil.Process(self.stack.status()["prometheus"]["pid"]).cpu_times()
        return time.monotonic(), time.process_time(), times.user + times.system


@contextmanager
def shown(project: Project, stack: LocalStack, mode: str) -> Iterator[LiveView]:
    """A view as `seatrial trial` has it; the page is served in every mode and read in three."""
    with ExitStack() as around:
        renderer = around.enter_context(terminal()) if mode in {"terminal", "both"} else PlainRenderer(sys.stderr)
        urls: list[str] = []
        about = About("benchmark", "trial", project.fleet.name, project.fleet.entry, PROFILE)
        view = LiveView(project, about, renderer, serve=PageServer, on_page=urls.append)
        around.enter_context(view)
        view.show(StepStarted("drive"))
        view.begin(stack)
        if mode in {"page", "both", "dashboard"}:
            in_view = project_dashboard(project) if mode == "dashboard" else ""
            address = urls[0].removeprefix("http://").rstrip("/")
            reader = subprocess.Popen([sys.executable, "-c", READER, address, in_view])
            around.callback(reader.wait)
            around.callback(reader.kill)
        yield view


def project_dashboard(project: Project) -> str:
    """The first, which has the most queries but one."""
    return read_dashboards(project.dashboards)[0].name


@contextmanager
def terminal() -> Iterator[Renderer]:
    """A real terminal device, 120 columns wide, read by another process."""
    ours, theirs = os.openpty()
    reader = subprocess.Popen(["/bin/cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield TerminalRenderer(Console(file=stream, width=120, height=40, force_terminal=True, highlight=False))
    reader.kill()
    reader.wait()
    os.close(ours)


def job(project: Project, stack: LocalStack, run: RunFolder) -> LoadJob:
    assert project.load is not None
    return LoadJob(
        profile=PROFILE,
        locustfile=project.load.locustfile,
        target=stack.entry_url(),
        samples=run.samples,
        profile_file=run.path / "profile.json",
        log=run.logs / "locust.out",
        environment=child_environment(run.id),
        identities=run.identities,
        working_folder=ROOT,
        discovery=stack.discovery_file,
        entry=project.fleet.entry,
    )


def measure(runs: Path) -> Meter:
    project = load_project(ROOT / "seatrial.yml")
    run = RunFolder.create(runs, "trial", seed=1)
    stack = LocalStack(project, run, settings=read_settings())
    meter = Meter(project, stack)
    try:
        stack.up()
        assert project.hooks.populate is not None
        stack.call_hook("populate", project.hooks.populate, seed=1)
        drive(job(project, stack, run), meter.progress, Attendant(stack).turn)
    finally:
        meter.close()
        stack.down()
        run.finish()
    return meter


def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        meter = measure(Path(runs))
    base = statistics.mean(meter.used["neither"])
    print("| shown | owner, % of a core: mean (each window) | added | Prometheus, % of a core |\n|---|---|---|---|")
    for mode in MODES:
        each = ", ".join(f"{share:.1%}" for share in meter.used[mode])
        mean, prometheus = statistics.mean(meter.used[mode]), statistics.mean(meter.prometheus[mode])
        print(f"| {mode} | {mean:.2%} ({each}) | {mean - base:+.2%} | {prometheus:.1%} |")


if __name__ == "__main__":
    print(f"load average {os.getloadavg()[0]:.1f}")
    main()

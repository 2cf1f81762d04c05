"""All that shows a run while it goes on, behind one `show`: the renderer, the page, and the lookout that feeds both.

Owns who is told what, in one turn at a time, and the order of taking it all down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import requests

from seatrial.backends.prometheus import Prometheus
from seatrial.live.board import About, Board
from seatrial.live.dashboards import LiveDashboards
from seatrial.live.graph import NARROW, WIDE, arrange, edges
from seatrial.live.lookout import Lookout
from seatrial.live.questions import question
from seatrial.live.server import PageServer, Site
from seatrial.live.watcher import Watched, Watcher
from seatrial.observed import scrape_interval
from seatrial.panels.run import shipped, sources
from seatrial.project.fleet import Fleet
from seatrial.project.project import Project
from seatrial.report.events import Event, Note, Renderer
from seatrial.report.stack_events import STEPS, event_of_stack
from seatrial.stacks.observation import accepts, answers
from seatrial.stacks.protocol import Replica

if TYPE_CHECKING:
    from seatrial.stacks.pipeline import Pipeline

# A Prometheus that needs longer than the time between two looks is told as an obstacle.
ASK_SECONDS = 1.0


class Visible(Protocol):
    """As much of a stack as can be looked at."""

    def replicas(self) -> list[Replica]:
        """Every replica that should be running."""

    def prometheus_url(self) -> str | None:
        """None when the stack has no Prometheus."""

    def pipeline(self) -> Pipeline | None:
        """The log pipeline; None when nobody asked for one."""


class LiveView:
    """Use it in a `with`. `serve` makes the page's server, or is None where no page is wanted."""

    def __init__(
        self,
        project: Project,
        about: About,
        renderer: Renderer,
        *,
        serve: Callable[[Site], PageServer] | None = PageServer,
        on_page: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._project, self._renderer, self._serve, self._on_page = project, renderer, serve, on_page
        self.board = Board(about)
        self._dashboards = LiveDashboards(project)
        self._site = Site(
            lambda: fleet_document(project, about) | {"dashboards": self._dashboards.titles},
            self.board.document,
            observed=self._dashboards.document,
        )
        self._lookout = Lookout(self.show, lambda: renderer.watches or self._site.looked_at)
        self._turn = threading.Lock()
        self._page: PageServer | None = None
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:  # interrupted half way, the terminal gets its cursor back
            opening.enter_context(self._renderer)
            if self._serve is not None:
                self._open_page(self._serve)
            self._opened = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lookout.end()
        self._opened.__exit__(kind, error, traceback)
        self.board.end()
        if self._page is not None:
            self._page.end(linger=kind is None)

    def show(self, event: Event) -> None:
        """Tell everybody."""
        with self._turn:
            self._renderer.show(event)
            self.board.show(event)

    def on_event(self, kind: str, /, **data: Any) -> None:
        """What the stack tells, all of it."""
        event = event_of_stack(kind, data)
        if event is not None:
            self.show(event)

    def on_change(self, kind: str, /, **data: Any) -> None:
        """What the stack tells, less its steps on the way up and down."""
        if kind not in STEPS:
            self.on_event(kind, **data)

    def begin(self, stack: Visible) -> None:
        """The stack is up: look at it from now on."""
        url, fleet = stack.prometheus_url(), self._project.fleet
        http = requests.Session()
        http.trust_env = False
        prometheus = Prometheus(url, http, timeout=ASK_SECONDS) if url else None
        self._dashboards.begin(prometheus, partial(sources, prometheus, shipped(stack.pipeline())))
        self._lookout.begin(
            Watcher(
                telemetry=self._project.telemetry,
                question=question(
                    self._project.telemetry, {name: own_requests(fleet, name) for name in fleet.services}
                ),
                edges=edges(calls_of(self._project)),
                replicas=[watched(fleet, each) for each in stack.replicas()],
                prometheus=prometheus,
                probe=says_ready,
                interval=max(1.0, scrape_interval(self._project.prometheus)),
            )
        )

    def _open_page(self, serve: Callable[[Site], PageServer]) -> None:
        try:
            self._page = serve(self._site)
        except OSError as error:
            self.show(Note(f"there is no live page: {error}", warning=True))
            return
        self._on_page(self._page.url)
        self._renderer.show(Note(f"live page {self._page.url}"))  # who reads the page knows where it is


def own_requests(fleet: Fleet, service: str) -> frozenset[str]:
    """The paths by which Seatrial's own requests are among the service's; with a port of their own none are."""
    return frozenset() if fleet.has_admin_port(service) else fleet.probes(service)


def says_ready(url: str, ready_url: str | None) -> bool:
    """Whether a replica says so; one that says nothing is ready when its port accepts."""
    return answers(ready_url) if ready_url else accepts(url)


def watched(fleet: Fleet, replica: Replica) -> Watched:
    """Where a replica is asked whether it is ready."""
    ready = fleet.admin_of(replica.service).ready
    return Watched(replica.service, replica.url, replica.admin_url + ready if ready else None)


def calls_of(project: Project) -> dict[str, tuple[str, ...]]:
    """Each service with those that it calls."""
    return {name: service.calls for name, service in project.fleet.services.items()}


def fleet_document(project: Project, about: About) -> dict[str, Any]:
    """What the page draws that never changes; `absent` says what telemetry.yml names no metric for."""
    calls, profile = calls_of(project), about.profile
    roles = [project.telemetry.roles_of(name) for name, callees in calls.items() if callees]
    absent = [] if any(each.client_requests for each in roles) or not roles else ["calls"]
    return {
        "run": about.run,
        "kind": about.kind,
        "fleet": about.fleet,
        "entry": about.entry,
        "profile": profile.name if profile else None,
        "seed": profile.seed if profile else None,
        "stages": [stage.model_dump(mode="json") for stage in profile.stages] if profile else [],
        "absent": absent,
        "wide": arrange(about.entry, calls, WIDE),
        "narrow": arrange(about.entry, calls, NARROW),
    }

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from seatrial.live.board import About
from seatrial.live.lookout import Lookout
from seatrial.live.server import PageServer, Site
from seatrial.live.view import LiveView, fleet_document, own_requests
from seatrial.project.fleet import Admin, Fleet
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Roles, ServerRequests, Telemetry
from seatrial.report.events import Event, FleetSeen, Note, ProcessLost, StepStarted

ROLES = Roles(server_requests=ServerRequests(metric="served", method="m", route="r", status="s"))
FLEET = Fleet.model_validate(
    {
        "name": "pair",
        "entry": "front",
        "services": {
            "front": {"command": ["x"], "port": 1, "admin_port": 2, "calls": ["back"]},
            "back": {"command": ["x"], "port": 3, "admin_port": 4},
        },
    }
)
PROJECT = Project(Path("/p/seatrial.yml"), FLEET, Telemetry(metrics={}, roles=ROLES), Hooks())
ABOUT = About("r1", "up", "pair", "front")


class Remembers:
    watches = False

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.open = False

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def show(self, event: Event) -> None:
        self.events.append(event)


class Page:
    """A page's server without a socket."""

    url = "http://127.0.0.1:1/"

    def __init__(self) -> None:
        self.lingered: list[bool] = []

    def __call__(self, _site: Site) -> Any:
        return self

    def end(self, *, linger: bool) -> None:
        self.lingered.append(linger)


def no_port(_site: Site) -> PageServer:
    raise OSError("no port is free")


def view(serve: Any = None, renderer: Remembers | None = None, **more: Any) -> LiveView:
    return LiveView(PROJECT, ABOUT, renderer or Remembers(), serve=serve, **more)


def test_renderer_and_page_are_told_alike() -> None:
    renderer = Remembers()
    with view(renderer=renderer) as shown:
        shown.on_event("unplanned-exit", name="a", pid=1, returncode=None)
        assert [each["kind"] for each in shown.board.document()["happened"]] == ["ProcessLost"]
    assert renderer.events == [ProcessLost("a", 1, None)]


def test_a_trial_has_steps_of_its_own() -> None:
    renderer = Remembers()
    shown = view(renderer=renderer)
    for kind in ("step-started", "unplanned-exit"):
        shown.on_change(kind, step="migrate", name="a", pid=1, returncode=None)
    assert renderer.events == [ProcessLost("a", 1, None)]
    shown.on_event("step-started", step="migrate")
    assert renderer.events[-1] == StepStarted("migrate")


def test_where_the_page_is_is_told_and_written() -> None:
    renderer, written = Remembers(), []
    with view(Page(), renderer, on_page=written.append):
        assert renderer.events == [Note("live page http://127.0.0.1:1/")]
    assert written == ["http://127.0.0.1:1/"]


def test_a_page_that_cannot_be_had_is_told_and_holds_nobody_up() -> None:
    renderer = Remembers()
    with view(no_port, renderer):
        assert renderer.events == [Note("there is no live page: no port is free", warning=True)]


def test_the_page_waits_for_its_readers_at_an_end_only() -> None:
    page = Page()
    with view(page):
        pass
    with pytest.raises(KeyboardInterrupt), view(page):
        raise KeyboardInterrupt
    assert page.lingered == [True, False]


def test_all_is_taken_down_when_interrupted() -> None:
    renderer = Remembers()
    shown = view(renderer=renderer)
    with pytest.raises(KeyboardInterrupt), shown:
        raise KeyboardInterrupt
    assert not renderer.open
    assert shown.board.ended


def test_an_interruption_while_opening_takes_the_renderer_down() -> None:
    def interrupted(_site: Site) -> PageServer:
        raise KeyboardInterrupt

    renderer = Remembers()
    with pytest.raises(KeyboardInterrupt), view(interrupted, renderer):
        pass
    assert not renderer.open


def test_probes_count_as_own_requests_where_they_share_the_traffics_port() -> None:
    lean = FLEET.services["front"].model_copy(update={"admin_port": None, "admin": Admin(metrics="/m", ready="/r")})
    fleet = FLEET.model_copy(update={"services": {"front": lean, "back": FLEET.services["back"]}})
    assert (own_requests(fleet, "front"), own_requests(fleet, "back")) == ({"/m", "/r"}, frozenset())


def test_what_never_changes_says_which_figures_are_absent() -> None:
    document = fleet_document(PROJECT, ABOUT)
    assert document["absent"] == ["calls"]
    assert (set(document["wide"]["services"]), document["stages"]) == ({"front", "back"}, [])


class Watched:
    def look(self, now: float) -> FleetSeen:
        return FleetSeen(now, 5.0, (), ())


@pytest.mark.parametrize("wanted", [True, False])
def test_nobody_looks_where_nobody_wants_to_see(*, wanted: bool) -> None:
    shown: list[Event] = []
    Lookout(shown.append, lambda: wanted, clock=lambda: 7.0).turn(Watched())  # type: ignore[arg-type]
    assert len(shown) == wanted


def test_what_is_seen_after_the_end_is_not_shown() -> None:
    shown: list[Event] = []
    lookout = Lookout(shown.append, lambda: True)
    lookout.end()
    lookout.turn(Watched())  # type: ignore[arg-type]
    assert shown == []


def test_a_bug_of_the_lookout_is_told_and_ends_nothing_else() -> None:
    def fails(_now: float) -> FleetSeen:
        raise ZeroDivisionError("by nought")

    shown: list[Event] = []
    lookout = Lookout(shown.append, lambda: True, clock=lambda: 0.0)
    lookout._ended = SimpleNamespace(wait=lambda _: False, is_set=lambda: False)  # type: ignore[assignment]
    lookout._run(SimpleNamespace(look=fails))  # type: ignore[arg-type]
    assert isinstance(shown[0], Note)
    assert "by nought" in shown[0].text

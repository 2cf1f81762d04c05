import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from fleet.kit.faults import Fault, FaultError, Faults, init_app, parse
from fleet.kit.settings import Settings
from fleet.kit.testing import Harness, harness

COUNT = "http_server_request_duration_seconds_count"


def faults(*items: Fault, draw: float = 0.0, own: tuple[str, ...] = ()) -> Faults:
    made = Faults(enabled=True, own=own, draw=lambda: draw)
    made.replace(items)
    return made


@pytest.fixture
def kit() -> Harness:
    kit = harness(settings=Settings(faults=True), faults=["charge-twice"])
    kit.app.add_url_rule("/a", "a", lambda: {"twice": kit.app.kit.faults.active("charge-twice")})
    kit.app.add_url_rule("/b", "b", dict)
    return kit


def set_faults(kit: Harness, *items: Fault) -> None:
    kit.app.kit.faults.replace(items)


def counted(kit: Harness, route: str, status: int = 200) -> float | None:
    return kit.sample(COUNT, http_request_method="GET", http_route=route, http_response_status_code=str(status))


@pytest.mark.parametrize(
    "fault, draw, hits",
    [
        pytest.param(Fault(name="hang"), 0.99, True, id="all by default"),
        pytest.param(Fault(name="hang", share=0.25), 0.2, True, id="within the share"),
        pytest.param(Fault(name="hang", share=0.25), 0.25, False, id="outside the share"),
        pytest.param(Fault(name="errors", value=0.02), 0.01, True, id="within the value"),
        pytest.param(Fault(name="errors", value=0.02), 0.02, False, id="outside the value"),
        pytest.param(Fault(name="errors", value=0.5, share=0.5), 0.3, False, id="value times share"),
        pytest.param(Fault(name="latency", value=3, share=0.5), 0.3, True, id="seconds are no share"),
        pytest.param(Fault(name="hang", share=0), 0.0, False, id="share 0"),
    ],
)
def test_share(*, fault: Fault, draw: float, hits: bool) -> None:
    assert faults(fault, draw=draw).active(fault.name) is hits


@pytest.mark.parametrize(
    "items, reason",
    [
        pytest.param([Fault(name="latencey")], "unknown here: latencey; known: .*latency", id="unknown"),
        pytest.param([Fault(name="hang"), Fault(name="hang")], "twice", id="twice"),
        pytest.param([Fault(name="errors", value=2)], "share", id="share above 1"),
    ],
)
def test_refused(items: list[Fault], reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        Faults(enabled=True).replace(items)


@pytest.mark.parametrize(
    "document, reason",
    [
        pytest.param({}, "list", id="no list"),
        pytest.param([{"value": 1}], "0.name", id="no name"),
        pytest.param([{"name": "hang", "share": 2}], "0.share", id="share"),
        pytest.param([{"name": "latency", "value": -1}], "0.value", id="negative"),
        pytest.param([{"name": "hang", "rout": "/a"}], "0.rout", id="typing error"),
    ],
)
def test_wrong_document_names_the_place(document: object, reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        parse(document)


def test_document_with_nulls_is_read() -> None:
    given = {"name": "errors", "value": 0.5, "route": None, "share": 1.0}
    assert parse([given]) == [Fault(name="errors", value=0.5)]


def test_errors_are_500_on_their_route_only(kit: Harness) -> None:
    set_faults(kit, Fault(name="errors", route="/a"))
    assert (kit.client.get("/a").status_code, kit.client.get("/b").status_code) == (500, 200)
    line = kit.captured.of("http.server.request")[0]
    assert (line["log.level"], line["error.type"]) == ("error", "InjectedError")


def test_lifting_ends_it(kit: Harness) -> None:
    set_faults(kit, Fault(name="errors"))
    set_faults(kit)
    assert kit.client.get("/a").status_code == 200


def test_services_own_fault_is_asked_by_name(kit: Harness) -> None:
    assert kit.client.get("/a").get_json() == {"twice": False}
    set_faults(kit, Fault(name="charge-twice", route="/a"))
    assert kit.client.get("/a").get_json() == {"twice": True}


def test_stop_counting_leaves_the_line(kit: Harness) -> None:
    set_faults(kit, Fault(name="stop-counting", route="/a"))
    kit.client.get("/a")
    kit.client.get("/b")
    assert (counted(kit, "/a"), counted(kit, "/b")) == (None, 1)
    assert len(kit.captured.of("http.server.request")) == 2


def test_a_skewed_clock_is_wrong_in_the_log_alone(kit: Harness) -> None:
    set_faults(kit, Fault(name="skew-clock", value=3600))
    kit.client.get("/a")
    (line,) = kit.captured.of("http.server.request")
    ahead = datetime.fromisoformat(line["@timestamp"]).timestamp() - time.time()
    assert 3500 < ahead < 3700


def test_drop_logs_leaves_the_count(kit: Harness) -> None:
    set_faults(kit, Fault(name="drop-logs", route="/a"))
    kit.client.get("/a")
    kit.client.get("/b")
    assert [line["http.route"] for line in kit.captured.of("http.server.request")] == ["/b"]
    assert counted(kit, "/a") == 1


def committed(fault: Fault) -> list[object]:
    done: list[object] = []
    kit = harness()
    own = faults(fault)
    record: Callable[[float], None] = done.append
    init_app(kit.app, own, wait=record, die=lambda: done.append("died"))
    kit.client.get("/nowhere")
    return done


@pytest.mark.parametrize(
    "fault, expected",
    [
        pytest.param(Fault(name="latency", value=0.5), [0.5], id="latency"),
        pytest.param(Fault(name="crash"), ["died"], id="crash"),
    ],
)
def test_commits(fault: Fault, expected: list[object]) -> None:
    assert committed(fault) == expected


def test_what_was_hoarded_is_given_back_when_lifted() -> None:
    own = faults(Fault(name="hoard", value=1000))
    own.consume(None)
    assert own.hoard.bytes_kept == 1000
    own.replace([])
    assert own.hoard.bytes_kept == 0


@pytest.mark.parametrize("fault", [Fault(name="hold-store", value=0.3), Fault(name="hold-store", value=0.3, share=0)])
def test_a_store_is_held_as_long_as_the_fault_says(fault: Fault) -> None:
    slept: list[float] = []
    faults(fault).hold_store(wait=slept.append)
    assert slept == ([0.3] if fault.share else [])


def test_hang_ends_when_lifted() -> None:
    own = faults(Fault(name="hang"))
    hung = threading.Thread(target=own.hang)
    hung.start()
    assert hung.is_alive()
    own.replace([])
    hung.join(5)
    assert not hung.is_alive()


def test_without_permission_nothing_is_installed() -> None:
    kit = harness(settings=Settings(faults=False))
    kit.app.kit.faults.replace([Fault(name="errors")])
    assert kit.client.get("/nowhere").status_code == 404

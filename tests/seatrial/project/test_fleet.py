from pathlib import Path

import pytest

from seatrial.errors import ConfigError, UsageError
from seatrial.project.fleet import Admin, Fleet
from seatrial.project.fleet_checks import load_fleet, refuse_unreachable, refuse_unstartable

MINIMAL = """
name: demo
entry: front
services:
  front: {command: [python, front.py], port: 8000, admin_port: 8100, calls: [back]}
  back: {command: [python, back.py], port: 8001, admin_port: 8101, store: sqlite}
"""


def read(tmp_path: Path, text: str) -> Fleet:
    (tmp_path / "fleet.yml").write_text(text)
    return load_fleet(tmp_path / "fleet.yml")


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    fleet = read(tmp_path, MINIMAL)
    assert fleet.admin_of("front") == Admin()
    assert fleet.migrate is None
    assert fleet.services["front"].replicas == 1
    assert fleet.services["front"].store is None


@pytest.mark.parametrize(
    "old, new, line, words",
    [
        pytest.param("entry: front", "entry: door", 3, "entry names 'door', which is no service", id="entry"),
        pytest.param("calls: [back]", "calls: [bank]", 5, "front calls 'bank', which is no service", id="callee"),
        pytest.param("port: 8001", "port: 8100", 6, "port 8100 is front's already", id="port twice"),
        pytest.param("port: 8001", "port: 80000", 6, "80000", id="port too high"),
        pytest.param("port: 8001", "port: 'x'", 6, "services.back.port", id="port no number"),
        pytest.param("store: sqlite", "store: sqllite", 6, "only sqlite is known", id="unknown store"),
        pytest.param("store: sqlite", "stoer: sqlite", 6, "Did you mean 'store'?", id="misspelt"),
        pytest.param("command: [python, back.py]", "command: []", 6, "services.back.command", id="no command"),
        pytest.param("name: demo", "name: demo\nenvironment: {A: '{hots}'}", 3, "A uses {hots}", id="placeholder"),
        pytest.param("name: demo", "name: demo\nenvironment: {A: '{host'}", 3, "for a plain brace", id="open brace"),
        pytest.param("back.py]", "'{prot}']", 6, "back.command.1 uses {prot}", id="placeholder in a command"),
        pytest.param("back.py]", "'{urls[bank]}']", 6, "uses {urls[bank]}", id="address of nobody"),
        pytest.param("store: sqlite", "log: '{lag}'", 6, "log uses {lag}", id="placeholder in a log"),
        pytest.param("command: [python, back.py], ", "", 6, "neither a command nor external", id="nowhere"),
        pytest.param("port: 8001, admin_port: 8101, ", "", 6, "nothing says where back listens", id="no port"),
        pytest.param("store: sqlite", "replicas: 2", 6, "would share its port", id="replicas on one port"),
        pytest.param("store: sqlite", "external: [{url: 'back:1'}]", 6, "external.0.url", id="no address"),
        pytest.param(
            "store: sqlite",
            "external: [{url: 'http://b:1'}, {url: 'http://b:1/'}]",
            6,
            "back's already",
            id="one twice",
        ),
    ],
)
def test_a_contradiction_is_refused_where_it_stands(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, MINIMAL.replace(old, new))
    assert caught.value.line == line
    assert words in str(caught.value)


def fleet_of(entry: str, **calls: list[str]) -> Fleet:
    services = {
        name: {"command": ["run"], "port": 8000 + at, "admin_port": 8100 + at, "calls": called}
        for at, (name, called) in enumerate(calls.items())
    }
    return Fleet.model_validate({"name": "demo", "entry": entry, "services": services})


@pytest.mark.parametrize(
    "fleet, order",
    [
        pytest.param(fleet_of("a", a=[]), [["a"]], id="one"),
        pytest.param(fleet_of("a", c=[], b=["c"], a=["b", "c"]), [["a"], ["b"], ["c"]], id="chain"),
        pytest.param(fleet_of("a", a=["b", "c"], b=[], c=[]), [["a"], ["b", "c"]], id="side by side"),
        pytest.param(fleet_of("a", a=["b"], b=["c"], c=["b"]), [["a"], ["b", "c"]], id="circle"),
        pytest.param(fleet_of("a", a=["b"], b=["b"]), [["a"], ["b"]], id="calls itself"),
    ],
)
def test_callers_stop_before_those_they_call(fleet: Fleet, order: list[list[str]]) -> None:
    assert fleet.stop_order() == order


def loose(**service: object) -> Fleet:
    return Fleet.model_validate({"name": "demo", "entry": "a", "services": {"a": service}})


@pytest.mark.parametrize(
    "fleet, told, fixed, admin, log",
    [
        pytest.param(loose(command=["a"], port=80), set(), True, False, None, id="told nothing"),
        pytest.param(loose(command=["a", "{port}"]), {"port"}, False, False, None, id="told its port"),
        pytest.param(loose(command=["{port}"], admin_port=81), {"port"}, True, True, None, id="admin port fixed"),
        pytest.param(
            loose(command=["{port}"], environment={"A": "{admin_port}"}),
            {"port", "admin_port"}, False, True, None, id="admin port told",
        ),
        pytest.param(loose(command=["{log_file}"], port=80), {"log_file"}, True, False, "{log_file}", id="told a log"),
        pytest.param(loose(command=["a"], port=80, log="stdout"), set(), True, False, "stdout", id="a stream"),
        pytest.param(loose(command=["{urls[a]}"], port=80), {"urls"}, True, False, None, id="told an address"),
    ],
)  # fmt: skip
def test_what_a_service_is_told(fleet: Fleet, told: set[str], *, fixed: bool, admin: bool, log: str | None) -> None:
    assert fleet.told("a") == told
    assert (fleet.has_fixed_port("a"), fleet.has_admin_port("a"), fleet.log_of("a")) == (fixed, admin, log)


def test_a_service_may_have_admin_paths_of_its_own() -> None:
    fleet = loose(command=["a"], port=80, admin={"metrics": "/prom", "ready": "/up"})
    assert fleet.probes("a") == {"/prom", "/up"}


EVERYWHERE = {"command": ["a"], "port": 80, "external": [{"url": "http://a/"}]}


def test_a_fleet_can_be_started_and_reached_where_both_are_written() -> None:
    fleet = loose(**EVERYWHERE)
    refuse_unstartable(fleet, {"a": 1})
    refuse_unreachable(fleet)
    assert fleet.services["a"].external[0].url == "http://a"


@pytest.mark.parametrize(
    "lacks, replicas, words",
    [
        pytest.param("command", {}, "names no command for a.*--on external", id="no command"),
        pytest.param("external", {"a": 2}, "2 replicas of a would share its port", id="one port"),
    ],
)
def test_what_cannot_be_started_is_wrong_usage(lacks: str, replicas: dict[str, int], words: str) -> None:
    fleet = loose(**{key: value for key, value in EVERYWHERE.items() if key != lacks})
    with pytest.raises(UsageError, match=words):
        refuse_unstartable(fleet, replicas)


def test_what_runs_nowhere_cannot_be_reached() -> None:
    with pytest.raises(UsageError, match=r"where a runs already.*--on local"):
        refuse_unreachable(loose(command=["a"], port=80))

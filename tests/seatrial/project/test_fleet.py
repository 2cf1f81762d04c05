from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.project.fleet import Fleet, load_fleet

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
    assert fleet.admin.ready == "/health/ready"
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
        pytest.param("store: sqlite", "store: sqllite", 6, "'sqlite'", id="unknown store"),
        pytest.param("store: sqlite", "stoer: sqlite", 6, "Did you mean 'store'?", id="misspelt"),
        pytest.param("command: [python, back.py]", "command: []", 6, "services.back.command", id="no command"),
        pytest.param("name: demo", "name: demo\nenvironment: {A: '{hots}'}", 3, "A uses {hots}", id="placeholder"),
        pytest.param("name: demo", "name: demo\nenvironment: {A: '{host'}", 3, "for a plain brace", id="open brace"),
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

from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.project.telemetry import Telemetry
from seatrial.project.telemetry_checks import load_telemetry

CONTRACT = """
metrics:
  served_seconds: {type: histogram, help: Served., labels: [method, route, status], buckets: [0.1, 1]}
  busy_threads: {type: gauge, help: Bounded.}
logs:
  at: {type: date, help: When.}
  what: {type: keyword, help: Which event.}
roles:
  server_requests: {metric: served_seconds, method: method, route: route, status: status}
  pending_work: [busy_threads]
  log:
    timestamp: at
    level: what
    error_levels: [error]
    event: what
    event_id: what
    message: what
    trace: what
    span: what
    parent: what
    server_request: {event: served, method: what, route: what, status: what}
    client_request: {event: called, callee: what, method: what, route: what, status: what, error: what}
"""


def read(tmp_path: Path, text: str) -> Telemetry:
    (tmp_path / "telemetry.yml").write_text(text)
    return load_telemetry(tmp_path / "telemetry.yml")


def test_roles_are_read_by_name(tmp_path: Path) -> None:
    roles = read(tmp_path, CONTRACT).roles
    assert roles.server_requests
    assert roles.server_requests.status == "status"
    assert roles.pending_work == ("busy_threads",)
    assert roles.log
    assert roles.log.server_request
    assert roles.log.server_request.event == "served"


def test_a_service_may_have_roles_of_its_own(tmp_path: Path) -> None:
    own = "services: {odd: {server_requests: {metric: served_seconds}, log: null}}"
    telemetry = read(tmp_path, f"{CONTRACT}{own}")
    odd, even = telemetry.roles_of("odd"), telemetry.roles_of("even")
    assert odd.server_requests
    assert (odd.server_requests.route, odd.log, odd.pending_work) == (None, None, ("busy_threads",))
    assert even == telemetry.roles


@pytest.mark.parametrize("kind, name", [("counter", "n"), ("histogram", "n_count"), ("summary", "n_count")])
def test_what_counts_is_a_series_of_the_metric(kind: str, name: str) -> None:
    assert Telemetry.model_validate({"metrics": {"n": {"type": kind}}}).counted_as("n") == name


def test_what_a_fleet_does_not_have_is_none(tmp_path: Path) -> None:
    roles = read(tmp_path, CONTRACT.partition("  log:")[0]).roles
    assert (roles.log, roles.client_requests, roles.busy, roles.cpu_seconds) == (None, None, None, None)


@pytest.mark.parametrize(
    "old, new, words",
    [
        pytest.param("[busy_threads]", "[idle]", "metric 'idle', which is not declared", id="metric"),
        pytest.param(
            "metric: served_seconds",
            "metric: busy_threads",
            "must name a counter, histogram or summary",
            id="no counter",
        ),
        pytest.param("route: route", "route: path", "'path' is no label of", id="label"),
        pytest.param("timestamp: at", "timestamp: then", "log field 'then', which is not declared", id="log field"),
        pytest.param("parent: what", "parent: who", "log field 'who'", id="another log field"),
        pytest.param("callee: what", "callee: whom", "log field 'whom'", id="log field of a line"),
        pytest.param("    event: what\n", "", "there is none. Name it in log.event", id="event without its field"),
        pytest.param("    level: what\n", "", "Name its field in log.level", id="levels without their field"),
        pytest.param(
            "{event: served, method: what, route: what, status: what}", "{}", "nothing tells such a line", id="any line"
        ),
        pytest.param("roles:\n", "services: {a: {busy: {metric: x, limit: y}}}\nroles:\n", "metric 'x'", id="own role"),
        pytest.param("[0.1, 1]", "[1, 0.1]", "do not rise", id="buckets fall"),
        pytest.param("type: gauge", "type: gauge, buckets: [1]", "Remove its buckets", id="buckets of a gauge"),
        pytest.param("type: keyword", "type: word", "logs.what.type is 'word'", id="log type"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, CONTRACT.replace(old, new))
    assert words in str(caught.value)
    assert caught.value.line is not None


def test_an_event_of_a_line_is_a_value_and_no_field(tmp_path: Path) -> None:
    assert read(tmp_path, CONTRACT.replace("event: served", "event: anything"))

import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from fleet.kit import logs as logs_module
from fleet.kit.body import Input
from fleet.kit.errors import ContractError
from fleet.kit.logs import Logs, open_sink, redact
from fleet.kit.settings import Settings
from fleet.kit.telemetry import load_contract
from fleet.kit.testing import Harness, LineCapture, harness

CONTRACT = load_contract(Settings().telemetry_file)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


class ProductPath(Input):
    product_id: str


def product(path: ProductPath) -> dict[str, str]:
    return {"id": path.product_id}


@pytest.fixture
def kit() -> Harness:
    kit = harness()

    def fail() -> dict[str, object]:
        raise RuntimeError(f"no luck with Bearer {TOKEN}")

    kit.app.get("/v1/products/<product_id>")(product)
    kit.app.get("/fail")(fail)
    return kit


def request_line(kit: Harness) -> dict[str, object]:
    (line,) = kit.captured.of("http.server.request")
    return line


def test_request_line(kit: Harness) -> None:
    kit.client.get("/v1/products/1", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    line = request_line(kit)
    expected = {
        "log.level": "info",
        "service.name": "sample",
        "service.node.name": "sample-1",
        "trace.id": TRACE,
        "parent.id": SPAN,
        "event.outcome": "success",
        "http.request.method": "GET",
        "http.route": "/v1/products/{product_id}",
        "http.response.status_code": 200,
    }
    assert expected.items() <= line.items()
    assert isinstance(line["event.duration"], int)
    assert line["event.duration"] > 0
    assert line["span.id"] != SPAN


def test_answer_names_its_span(kit: Harness) -> None:
    answer = kit.client.get("/v1/products/1")
    line = request_line(kit)
    assert answer.headers["traceparent"] == f"00-{line['trace.id']}-{line['span.id']}-01"
    assert "parent.id" not in line


def test_unforeseen_failure_is_an_error_with_its_traceback(kit: Harness) -> None:
    kit.client.get("/fail")
    line = request_line(kit)
    assert (line["log.level"], line["event.outcome"], line["error.type"]) == ("error", "failure", "RuntimeError")
    assert "in fail" in str(line["error.stack_trace"])


def test_callers_mistake_is_no_error(kit: Harness) -> None:
    kit.client.get("/nowhere")
    line = request_line(kit)
    assert (line["log.level"], line["event.outcome"], line["error.type"]) == ("info", "success", "NotFound")
    assert "error.stack_trace" not in line


def test_tokens_never_reach_a_line(kit: Harness) -> None:
    kit.client.get("/fail", headers={"Authorization": f"Bearer {TOKEN}"})
    kit.app.kit.logs.event("a", f"with {TOKEN}", error_message=TOKEN)
    assert TOKEN not in json.dumps(kit.captured.lines)
    assert len(kit.captured.lines) == 2


@pytest.mark.parametrize(
    "text, left",
    [
        pytest.param(f"token {TOKEN}!", "token [redacted]!", id="JWT"),
        pytest.param("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]", id="bearer"),
        pytest.param("eyJ is a prefix", "eyJ is a prefix", id="harmless"),
    ],
)
def test_redaction(text: str, left: str) -> None:
    assert redact(text) == left


def test_own_event_is_in_the_requests_trace(kit: Harness) -> None:
    def place() -> dict[str, object]:
        kit.app.kit.logs.event("order.confirmed", "Order confirmed", order_id="o1", user_id=None)
        return {}

    kit.app.post("/place")(place)
    kit.client.post("/place")
    own, request = kit.captured.lines
    assert own["order.id"] == "o1"
    assert "user.id" not in own
    assert (own["trace.id"], own["span.id"]) == (request["trace.id"], request["span.id"])
    kit.assert_contract()


def test_user_is_on_the_line_once_known(kit: Harness) -> None:
    from fleet.kit import exchange

    def who() -> dict[str, object]:
        scope = exchange.current()
        assert scope is not None
        scope.user_id = "user-1"
        return {}

    kit.app.get("/who")(who)
    kit.client.get("/who")
    assert request_line(kit)["user.id"] == "user-1"


def test_background_work_has_a_trace_of_its_own(kit: Harness) -> None:
    with kit.app.kit.background() as scope:
        kit.app.kit.logs.event("outbox.delivered", "Delivered")
    kit.app.kit.logs.event("after", "After")
    inside, outside = kit.captured.lines
    assert inside["trace.id"] == scope.trace_id
    assert "trace.id" not in outside


def test_ids_are_unique_over_loggers() -> None:
    capture = LineCapture()
    for logs in (Logs(CONTRACT, "a", sink=capture), Logs(CONTRACT, "a", sink=capture)):
        for _ in range(100):
            logs.event("x", "X")
    assert len({line["event.id"] for line in capture.lines}) == 200


def test_time_is_utc_with_microseconds() -> None:
    capture = LineCapture()
    Logs(CONTRACT, "a", sink=capture).event("x", "X")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", capture.lines[0]["@timestamp"])


def test_field_outside_the_contract_is_an_error_when_strict() -> None:
    with pytest.raises(ContractError, match="card_number"):
        Logs(CONTRACT, "a", sink=LineCapture(), strict=True).event("x", "X", card_number="1")


def test_field_outside_the_contract_is_left_out_otherwise() -> None:
    capture = LineCapture()
    Logs(CONTRACT, "a", sink=capture).event("x", "X", card_number="1", order_id="o1")
    assert capture.lines[0].keys() & {"card_number", "order.id"} == {"order.id"}


def test_level_below_the_setting_is_silent() -> None:
    capture = LineCapture()
    logs = Logs(CONTRACT, "a", sink=capture, level="warning")
    logs.event("x", "X")
    logs.event("y", "Y", level="warning")
    assert [line["event.action"] for line in capture.lines] == ["y"]


def test_a_librarys_record_becomes_a_line_of_the_contract() -> None:
    capture = LineCapture()
    logs = Logs(CONTRACT, "a", sink=capture)
    logs.handler.handle(logging.LogRecord("urllib3", logging.WARNING, "", 0, "pool %s", ("full",), None))
    line = capture.lines[0]
    assert (line["message"], line["log.logger"], line["event.action"]) == ("pool full", "urllib3", "log.message")
    assert line.keys() <= CONTRACT.logs.keys()


def test_file_gets_whole_lines_and_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "a-1.jsonl"
    for number in range(2):
        Logs(CONTRACT, "a", sink=open_sink(file)).event("x", f"line\n{number} é")
    assert [json.loads(line)["message"] for line in file.read_text().splitlines()] == ["line\n0 é", "line\n1 é"]


def test_a_full_disk_does_not_fail_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    kit = harness()
    kit.app.kit.logs.handler.sink = full
    assert kit.client.get("/nowhere").status_code == 404
    assert "No space left" in capsys.readouterr().err


def test_a_file_that_was_moved_away_is_left_for_a_new_one(tmp_path: Path) -> None:
    now = [0.0]
    file = tmp_path / "a.jsonl"
    write = open_sink(file, lambda: now[0])
    write(b"1\n")
    file.rename(tmp_path / "a.jsonl.1")
    write(b"2\n")
    now[0] = 2.0
    write(b"3\n")
    assert (tmp_path / "a.jsonl.1").read_bytes() == b"1\n2\n"
    assert file.read_bytes() == b"3\n"


def test_a_truncated_file_goes_on_at_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    write = open_sink(file)
    write(b"1\n")
    file.write_bytes(b"")
    write(b"2\n")
    assert file.read_bytes() == b"2\n"


class Seconds:
    """A clock on which more time than REOPEN_SECONDS passes between two lines."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def put_aside(file: Path) -> Path:
    return file.with_name(f"{file.name}.1")


def test_a_file_longer_than_it_may_be_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    write = open_sink(file, Seconds(), most=4)
    for line in (b"1\n", b"2\n", b"3\n"):
        write(line)
    assert (file.read_bytes(), put_aside(file).exists()) == (b"1\n2\n3\n", False)
    write(b"4\n")
    assert (file.read_bytes(), put_aside(file).read_bytes()) == (b"4\n", b"1\n2\n3\n")


def test_one_old_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    write = open_sink(file, Seconds(), most=1)
    for line in (b"1\n", b"2\n", b"3\n"):
        write(line)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"a.jsonl": b"3\n", "a.jsonl.1": b"2\n"}


def test_it_is_not_looked_at_for_every_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    write = open_sink(file, lambda: 0.0, most=1)
    for _ in range(3):
        write(b"1\n")
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl"]


def test_it_grows_for_ever_when_nobody_set_a_length(tmp_path: Path) -> None:
    write = open_sink(tmp_path / "a.jsonl", Seconds())
    for _ in range(3):
        write(b"1\n")
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_file_that_may_not_be_put_aside_takes_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    put_aside(file).mkdir()
    write = open_sink(file, Seconds(), most=1)
    for line in (b"1\n", b"2\n"):
        write(line)
    assert file.read_bytes() == b"1\n2\n"


def test_no_line_is_lost_when_the_file_is_put_aside_among_threads(tmp_path: Path) -> None:
    file, wanted = tmp_path / "a.jsonl", [f"{number:07}\n".encode() for number in range(400)]
    write = open_sink(file, Seconds(), most=200 * 8)  # so that it is put aside once
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, wanted[:-2]))
    for line in wanted[
        -2:
    ]:  # one of them finds nobody else looking, even if the thread that looked was away all the while
        write(line)
    written = [*put_aside(file).read_bytes().splitlines(keepends=True), *file.read_bytes().splitlines(keepends=True)]
    assert sorted(written) == wanted


def test_one_thread_puts_a_file_aside_while_others_write_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, inside, go_on, entered = tmp_path / "a.jsonl", Event(), Event(), list[Path]()
    at_once = logs_module._put_aside

    def slowly(file: Path, most: int) -> None:
        entered.append(file)
        inside.set()
        assert go_on.wait(5)
        at_once(file, most)

    monkeypatch.setattr(logs_module, "_put_aside", slowly)
    write = open_sink(file, Seconds(), most=1)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(write, b"1\n")
        assert inside.wait(5)
        write(b"2\n")
        assert (file.read_bytes(), entered) == (b"2\n", [file])
        go_on.set()
        first.result(5)
    assert (put_aside(file).read_bytes(), file.read_bytes()) == (b"2\n", b"1\n")


def test_what_is_said_aloud_is_in_the_file_as_well(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "a.jsonl"
    write = open_sink(file, Seconds(), most=1, echo=True)
    for line in (b"1\n", b"2\n"):
        write(line)
    assert capfdbinary.readouterr().out == b"1\n2\n"
    assert (file.read_bytes(), put_aside(file).read_bytes()) == (b"2\n", b"1\n")


def test_without_echo_the_file_alone_gets_it(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    open_sink(tmp_path / "a.jsonl")(b"1\n")
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("echo", [False, True])
def test_without_a_file_it_is_said_once(*, echo: bool, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    open_sink(None, echo=echo)(b"1\n")
    assert capfdbinary.readouterr().out == b"1\n"

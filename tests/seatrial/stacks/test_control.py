import threading
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import StackError, UsageError
from seatrial.stacks import control


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "control").mkdir()
    return tmp_path


def owner(run_dir: Path, handle: Any) -> threading.Thread:
    """Serves until one request has been answered."""
    answered = threading.Event()

    def once(request: dict[str, Any]) -> dict[str, Any]:
        answered.set()
        result: dict[str, Any] = handle(request)
        return result

    def serve() -> None:
        while not answered.is_set():
            control.serve(run_dir, once)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_request_gets_its_answer(run_dir: Path) -> None:
    thread = owner(run_dir, lambda request: {"seconds": request["n"] + 1})
    assert control.ask(run_dir, {"n": 1}, alive=lambda: True, timeout=5) == {"seconds": 2}
    thread.join()
    assert list((run_dir / "control").iterdir()) == []


def test_the_owners_refusal_is_the_askers_error(run_dir: Path) -> None:
    def refuse(_request: dict[str, Any]) -> dict[str, Any]:
        raise UsageError("there is no such service")

    thread = owner(run_dir, refuse)
    with pytest.raises(StackError, match="there is no such service"):
        control.ask(run_dir, {}, alive=lambda: True, timeout=5)
    thread.join()


def test_an_owner_that_ends_is_told(run_dir: Path) -> None:
    with pytest.raises(StackError, match="ended before it answered"):
        control.ask(run_dir, {}, alive=lambda: False, timeout=5)


def test_an_owner_that_is_silent_is_told(run_dir: Path) -> None:
    with pytest.raises(StackError, match="no answer within 0 s"):
        control.ask(run_dir, {}, alive=lambda: True, timeout=0)


def test_each_request_is_answered_once(run_dir: Path) -> None:
    seen: list[int] = []
    for n in range(3):
        control.write_json(run_dir / "control" / f"{n}.request.json", {"n": n})
    for _ in range(2):
        control.serve(run_dir, lambda request: seen.append(request["n"]) or {})
    assert seen == [0, 1, 2]
    assert len(list((run_dir / "control").glob("*.answer.json"))) == 3

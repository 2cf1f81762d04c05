import threading
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import StackError
from seatrial.stacks import control


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "control").mkdir()
    return tmp_path


def owner(run_dir: Path, document: dict[str, Any]) -> threading.Thread:
    """Gives this answer to the first request."""

    def serve() -> None:
        while not (found := control.requests(run_dir)):
            pass
        control.answer(found[0], document)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_request_gets_its_answer(run_dir: Path) -> None:
    thread = owner(run_dir, {"seconds": 2})
    assert control.ask(run_dir, {"n": 1}, alive=lambda: True, timeout=5) == {"seconds": 2}
    thread.join()
    assert list((run_dir / "control").iterdir()) == []


def test_the_owners_refusal_is_the_askers_error(run_dir: Path) -> None:
    thread = owner(run_dir, {"error": "there is no such service"})
    with pytest.raises(StackError, match="there is no such service"):
        control.ask(run_dir, {}, alive=lambda: True, timeout=5)
    thread.join()


def test_an_owner_that_ends_is_told(run_dir: Path) -> None:
    with pytest.raises(StackError, match="ended before it answered"):
        control.ask(run_dir, {}, alive=lambda: False, timeout=5)


def test_an_owner_that_is_silent_is_told(run_dir: Path) -> None:
    with pytest.raises(StackError, match="no answer within 0 s"):
        control.ask(run_dir, {}, alive=lambda: True, timeout=0)


def test_each_request_is_taken_once(run_dir: Path) -> None:
    for n in range(3):
        control.write_json(run_dir / "control" / f"{n}.request.json", {"n": n})
    assert [request.asked["n"] for request in control.requests(run_dir)] == [0, 1, 2]
    assert control.requests(run_dir) == []


def test_an_answer_that_nobody_can_be_given_is_dropped(run_dir: Path) -> None:
    control.write_json(run_dir / "control" / "a.request.json", {})
    (request,) = control.requests(run_dir)
    (run_dir / "control").rmdir()
    control.answer(request, {})
    assert list(run_dir.iterdir()) == []

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from fleet.kit.turns import Body, InTurn, Turns


class Slow(io.BytesIO):
    """A body that comes when it is let; `asked` once somebody waits for it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked, self.comes = Event(), Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.set()
        assert self.comes.wait(5)
        return super().read(size)


def reading(environ: dict[str, Any], _: Callable[..., object]) -> Iterable[bytes]:
    return [environ["wsgi.input"].read()]


def ask(app: InTurn, body: io.BytesIO | None = None, length: str = "0") -> bytes:
    answer = app({"CONTENT_LENGTH": length, "wsgi.input": body or io.BytesIO()}, lambda *_: lambda _: None)
    return b"".join(answer)


def test_no_more_work_at_once_than_there_are_turns() -> None:
    turns, seen = Turns(2), []

    def work(_: dict[str, Any], __: Callable[..., object]) -> Iterable[bytes]:
        seen.append(turns.taken())
        return [b""]

    app = InTurn(work, turns)
    with ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda _: ask(app), range(200)))
    assert max(seen) <= 2
    assert turns.taken() == 0


def test_who_waits_for_a_body_leaves_the_only_turn_to_others() -> None:
    app, slow = InTurn(reading, Turns(1)), Slow(b"late")
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(ask, app, slow, "4")
        assert slow.asked.wait(5)
        assert ask(app, io.BytesIO(b"other"), "5") == b"other"
        slow.comes.set()
        assert waiting.result(5) == b"late"


def test_who_comes_back_goes_before_who_is_new() -> None:
    turns, order = Turns(1), []
    turns.take()

    def take(name: str, *, back: bool) -> None:
        turns.take(back=back)
        order.append(name)
        turns.give()

    with ThreadPoolExecutor(2) as callers:
        new = callers.submit(take, "new", back=False)
        while not turns._new:
            pass
        back = callers.submit(take, "back", back=True)
        while not turns._back:
            pass
        turns.give()
        new.result(5), back.result(5)
    assert order == ["back", "new"]


@pytest.mark.parametrize("failing", [RuntimeError, SystemExit])
def test_a_turn_ends_however_the_work_ends(failing: type[BaseException]) -> None:
    turns = Turns(1)

    def fail(_: dict[str, Any], __: Callable[..., object]) -> Iterable[bytes]:
        raise failing

    with pytest.raises(failing):
        ask(InTurn(fail, turns))
    assert turns.taken() == 0


@pytest.mark.parametrize("content,length,came", [(b"whole", 5, b"whole"), (b"cut", 5, b"cut"), (b"longer", 4, b"long")])
def test_a_body_is_what_came_of_what_was_declared(content: bytes, length: int, came: bytes) -> None:
    turns = Turns(1)
    turns.take()
    body = Body(io.BytesIO(content), length, turns)
    assert (body.read(), body.read()) == (came, b"")


def test_a_body_that_nobody_reads_is_not_waited_for() -> None:
    slow = Slow(b"late")
    assert ask(InTurn(lambda *_: [b"done"], Turns(1)), slow, "4") == b"done"
    assert not slow.asked.is_set()

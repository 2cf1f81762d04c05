from seatrial.stacks.turns import POLL_SECONDS, Turns, to_the_end


def counted(number: int) -> Turns[str]:
    for _ in range(number):
        yield
    return "done"


def test_it_pauses_between_the_turns() -> None:
    pauses: list[float] = []
    assert to_the_end(counted(2), pauses.append) == "done"
    assert pauses == [POLL_SECONDS] * 2


def test_what_need_not_wait_is_done_at_once() -> None:
    pauses: list[float] = []
    assert to_the_end(counted(0), pauses.append) == "done"
    assert pauses == []

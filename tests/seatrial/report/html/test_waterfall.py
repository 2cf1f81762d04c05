from __future__ import annotations

from left_run import BEGAN, line, story

from seatrial.report.html.waterfall import waterfall


def test_bars_are_shares_of_the_whole_and_stand_below_their_cause() -> None:
    lines = [
        line("c", "b", 0.09, 0.02),
        line("b", "a", 0.10, 0.05, kind="called", callee="back"),
        line("a", "root", 0.11, 0.08),
    ]
    found = waterfall(story(lines=lines))
    assert [(bar.kind, bar.depth) for bar in found.bars] == [("client", 0), ("served", 1), ("called", 2), ("served", 3)]
    assert [round(bar.left) for bar in found.bars] == [9, 27, 45, 64]
    assert all(0 <= bar.left <= bar.left + bar.width <= 100 for bar in found.bars)


def test_siblings_come_as_they_began() -> None:
    found = waterfall(story(lines=[line("late", "root", 0.1, 0.01), line("early", "root", 0.11, 0.09)]))
    assert [bar.text for bar in found.bars[1:]] == ["did early", "did late"]


def test_a_line_whose_parent_is_not_there_is_shown_all_the_same() -> None:
    found = waterfall(story(lines=[line("a", "nowhere", 0.1, 0.01)]))
    assert len(found.bars) == 2


def test_a_circle_ends() -> None:
    found = waterfall(story(lines=[line("a", "b", 0.1, 0.01), line("b", "a", 0.1, 0.01)]))
    assert found.bars[0].kind == "client"


def test_lines_without_a_duration_are_told_but_not_drawn() -> None:
    found = waterfall(story(lines=[line("a", "root", 0.02, None, kind="", message="thought")]))
    assert (len(found.bars), found.lines) == (1, (("+20.0 ms", "front", "info", "thought"),))


def test_what_waited_to_be_sent_says_so() -> None:
    assert "10 ms of it before it was sent" in waterfall(story()).title
    assert "before it was sent" not in waterfall(story(start=BEGAN)).title


def test_a_call_without_an_answer_is_marked() -> None:
    found = waterfall(story(lines=[line("a", "root", 0.1, 0.01, kind="called", status="", error="Timeout")]))
    assert found.bars[1].failed

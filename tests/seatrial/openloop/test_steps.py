from typing import Any

import pytest

from seatrial.openloop.steps import Answer, Asked, Check, Step, has, problem

ITEM = Step("item", "GET", "/items/{item_id}/{part}", {200: has("id"), 404: problem("not-found"), 204: None})


def test_a_target_is_the_route_filled_and_quoted() -> None:
    assert ITEM.target({"item_id": "a/b c", "part": "1"}, None) == "/items/a%2Fb%20c/1"


def test_a_query_leaves_out_what_is_none() -> None:
    assert ITEM.target({"item_id": "a", "part": "b"}, {"q": "x y", "cursor": None}) == "/items/a/b?q=x+y"


def test_a_route_that_is_not_filled_is_the_journeys_fault() -> None:
    with pytest.raises(KeyError):
        ITEM.target({"item_id": "a"}, None)


@pytest.mark.parametrize(
    "status, body, wrong",
    [
        pytest.param(200, b'{"id": "x"}', None, id="right"),
        pytest.param(200, b'{"id": null}', "lacks id", id="member-null"),
        pytest.param(200, b"[]", "not an object", id="other-shape"),
        pytest.param(200, b"<html>", "not JSON", id="no-json"),
        pytest.param(500, b'{"id": "x"}', "status 500", id="status-not-among-the-right-ones"),
        pytest.param(404, b'{"type": "https://e.example/p/not-found"}', None, id="right-problem"),
        pytest.param(404, b'{"type": "https://e.example/p/other"}', "problem type", id="other-problem"),
        pytest.param(204, b"", None, id="body-not-looked-at"),
    ],
)
def test_an_answer_is_right_or_says_why_not(status: int, body: bytes, wrong: str | None) -> None:
    found = ITEM.wrong(Answer(status, body))
    assert found == wrong if wrong is None else (found or "").startswith(wrong)


@pytest.mark.parametrize(
    "check, body, wrong",
    [
        pytest.param(has(status="done"), {"status": "done"}, None, id="equal"),
        pytest.param(has(status="done"), {"status": "new"}, "status is 'new'", id="unequal"),
        pytest.param(has("a", "b"), {}, "lacks a, b", id="all-absent-ones-named"),
        pytest.param(has("n"), {"n": 0}, None, id="zero-is-present"),
        pytest.param(problem("gone"), "gone", "problem type ''", id="no-problem-document"),
    ],
)
def test_checks_say_what_is_wrong(check: Check, body: Any, wrong: str | None) -> None:
    assert check(body) == wrong


def test_a_check_that_trips_over_the_body_finds_it_wrong() -> None:
    step = Step("s", "GET", "/", {200: lambda body: None if body["items"][0] else "empty"})
    assert (step.wrong(Answer(200, b'{"items": []}')) or "").startswith("body misshapen")


VIEW = Step("view", "GET", "/items/{item_id}", {200: has("id"), 304: None}, echoes={"id": "item_id"}, bears=("ETag",))
MARKED = {"etag": '"1"'}
FIRST = Answer(201, b'{"id": "a", "n": 1}')
PLACE = Step("place", "POST", "/items", {201: None, 409: None})


def test_what_an_answer_must_repeat_comes_from_path_and_body() -> None:
    step = Step("put", "PUT", "/items/{item_id}", echoes={"id": "item_id", "title": "name"})
    assert step.echoed({"item_id": "a"}, {"name": "Lamp"}) == {"id": "a", "title": "Lamp"}


@pytest.mark.parametrize(
    "answer, asked, wrong",
    [
        pytest.param(Answer(200, b'{"id": "a"}', MARKED), Asked(equal={"id": "a"}), None, id="what-was-asked-for"),
        pytest.param(Answer(200, b'{"id": "b"}', MARKED), Asked(equal={"id": "a"}), "id is 'b'", id="another-one"),
        pytest.param(Answer(200, b'{"id": "a"}'), Asked(), "no header ETag", id="header-missing"),
        pytest.param(Answer(304, b"", MARKED), Asked(equal={"id": "a"}), None, id="unchanged"),
        pytest.param(Answer(304, b"{}", MARKED), Asked(), "a body where there is none to be", id="unchanged-with-body"),
        pytest.param(
            Answer(200, b'{"id": "a"}', MARKED),
            Asked({"If-None-Match": '"1"'}),
            "sent again, though the ETag is the one that was named",
            id="condition-ignored",
        ),
        pytest.param(Answer(200, b'{"id": "a"}', MARKED), Asked({"If-None-Match": '"0"'}), None, id="changed"),
    ],
)
def test_an_answer_is_held_against_what_was_asked(answer: Answer, asked: Asked, wrong: str | None) -> None:
    assert VIEW.wrong(answer, asked) == wrong


@pytest.mark.parametrize(
    "again, wrong",
    [
        pytest.param(FIRST, None, id="the-same"),
        pytest.param(Answer(201, b'{"n":1,"id":"a"}'), None, id="the-same-members-in-another-order"),
        pytest.param(Answer(201, b'{"id": "b", "n": 1}'), "not the body of the first time", id="another-body"),
        pytest.param(Answer(409, FIRST.body), "status 409, the first time 201", id="another-status"),
        pytest.param(Answer(201, b"<html>"), "not JSON", id="no-json"),
    ],
)
def test_a_repeated_request_gets_the_first_answer(again: Answer, wrong: str | None) -> None:
    assert PLACE.wrong(again, Asked(like=FIRST)) == wrong


def test_a_refusal_need_not_bear_what_a_success_bears_nor_repeat_what_was_asked() -> None:
    step = Step("s", "POST", "/", {201: None, 409: None}, bears=("Location",))
    assert step.wrong(Answer(409, b"{}"), Asked(equal={"id": "a"})) is None

"""Two sources that tell requests apart by different things, brought to what both tell."""

from __future__ import annotations

from collections import Counter

import pytest

from seatrial.checks.inputs import AttemptKey, ClientRow, RequestKey, RequestLine, ServiceCounts, ServiceLog
from seatrial.project.telemetry import Telemetry
from seatrial.terms import (
    FULL,
    Dims,
    Terms,
    attempts_told,
    comparable,
    lines_told,
    requests_told,
    rows_told,
    shared,
    terms_of,
    told,
)

GET, POST = RequestKey("GET", "/a", "200"), RequestKey("POST", "/a", "200")
UNANSWERED = RequestKey("GET", "/a", "")


@pytest.mark.parametrize(
    "key, dims, expected",
    [
        pytest.param(GET, FULL, GET, id="all"),
        pytest.param(GET, {"route", "status"}, RequestKey("*", "/a", "200"), id="no method"),
        pytest.param(GET, {"method"}, RequestKey("GET", "*", "*"), id="method alone"),
        pytest.param(UNANSWERED, set(), RequestKey("*", "*", ""), id="no answer is told always"),
    ],
)
def test_a_key_in_other_terms(key: RequestKey, dims: set[str], expected: RequestKey) -> None:
    assert told(key, frozenset(dims)) == expected


def test_counts_that_differ_in_what_is_not_told_are_one() -> None:
    assert requests_told(Counter({GET: 2, POST: 3}), frozenset({"route", "status"})) == {
        RequestKey("*", "/a", "200"): 5
    }


def test_attempts_keep_their_callee_and_error() -> None:
    key = AttemptKey("back", "GET", "/a", "", "Timeout")
    assert attempts_told(Counter({key: 1}), frozenset({"status"})) == {AttemptKey("back", "*", "*", "", "Timeout"): 1}


def test_rows_and_lines_keep_all_but_their_key() -> None:
    dims: Dims = frozenset({"status"})
    (row,) = rows_told([ClientRow("t", "s", GET, "ok", "buy")], dims)
    (line,) = lines_told([RequestLine("t", "s", GET)], dims)
    assert row == ClientRow("t", "s", RequestKey("*", "*", "200"), "ok", "buy")
    assert line == RequestLine("t", "s", RequestKey("*", "*", "200"))


def test_what_all_tell_is_shared_and_who_tells_nothing_does_not_matter() -> None:
    assert shared(FULL, frozenset({"route", "status"}), None, frozenset({"status", "method"})) == {"status"}


def test_counters_and_lines_are_compared_by_what_both_tell() -> None:
    counts = {"a": ServiceCounts(Counter({GET: 2, POST: 1}))}
    logs = {"a": ServiceLog(Counter({RequestKey("*", "/a", "200"): 3}), lines=3)}
    terms = {"a": Terms(request_lines=frozenset({"route", "status"}))}
    counted, logged = comparable(counts, logs, terms)
    assert counted["a"].requests == logged["a"].requests == {RequestKey("*", "/a", "200"): 3}


@pytest.mark.parametrize("terms", [Terms(requests=None), Terms(request_lines=None)], ids=["not counted", "not logged"])
def test_what_only_one_side_tells_is_not_compared(terms: Terms) -> None:
    counted, logged = comparable({"a": ServiceCounts(Counter({GET: 2}))}, {"a": ServiceLog(lines=9)}, {"a": terms})
    assert (counted["a"].requests, logged["a"].requests, logged["a"].lines) == ({}, {}, 9)


CONTRACT = Telemetry.model_validate(
    {
        "metrics": {"served": {"type": "counter", "labels": ["code"]}},
        "roles": {
            "server_requests": {"metric": "served", "status": "code"},
            "ignored_routes": ["/up"],
            "log": {"trace": "t", "server_request": {"route": "r", "status": "s"}},
        },
    }
)


def test_terms_follow_the_roles() -> None:
    own = terms_of(CONTRACT, "a", metrics=True, log=True)
    assert (own.requests, own.attempts, own.request_lines) == ({"status"}, None, {"route", "status"})
    assert (own.traced, own.compares, own.ignored) == (False, True, {"/up"})


def test_what_is_out_of_reach_tells_nothing() -> None:
    own = terms_of(CONTRACT, "a", metrics=False, log=False)
    assert (own.requests, own.request_lines, own.log, own.compares) == (None, None, False, False)

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from seatrial.backends.errors import BackendError, BadAnswer, Unreachable
from seatrial.backends.prometheus import Prometheus


class Answers:
    """A transport that answers from a list, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def get(self, url: str, *, params: Mapping[str, str], timeout: float) -> requests.Response:
        del timeout
        self.asked.append((url, params))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code = 200
        response._content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return response


def success(*result: dict[str, Any]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(result)}}


def up(instance: str, *points: tuple[float, str]) -> dict[str, Any]:
    return {"metric": {"__name__": "up", "instance": instance}, "values": [list(point) for point in points]}


def test_an_instant_query_gives_numbers() -> None:
    http = Answers(success({"metric": {"job": "a"}, "value": [12.5, "3"]}))
    (series,) = Prometheus("http://p:9090/", http).query("up", 12.5)
    assert (series.labels, series.points) == ({"job": "a"}, [(12.5, 3.0)])
    assert http.asked == [("http://p:9090/api/v1/query", {"query": "up", "time": "12.500"})]


def test_a_range_query_names_its_step() -> None:
    http = Answers(success())
    assert Prometheus("http://p", http).query_range("up", 1.0, 2.0, 0.5) == []
    assert http.asked[0][1] == {"query": "up", "start": "1.000", "end": "2.000", "step": "0.5"}


def test_stored_samples_begin_where_asked() -> None:
    http = Answers(success(up("a-1", (99.999, "1"), (100.0, "1"), (101.0, "0"))))
    (series,) = Prometheus("http://p", http).stored("up", 100.0, 101.0)
    assert series.points == [(100.0, 1.0), (101.0, 0.0)]
    assert http.asked[0][1] == {"query": "up[1001ms]", "time": "101.000"}


def test_targets_are_listed() -> None:
    http = Answers({"status": "success", "data": {"activeTargets": [{"health": "up"}]}})
    assert Prometheus("http://p", http).targets() == [{"health": "up"}]


@pytest.mark.parametrize(
    "answer, error",
    [
        (requests.ConnectionError("refused"), Unreachable),
        (requests.ReadTimeout("slow"), Unreachable),
        (b"<html>", BadAnswer),
        ([], BadAnswer),
        ({"status": "error", "error": "parse error"}, BadAnswer),
        ({"status": "success"}, BadAnswer),
        (success({"metric": {}}), BadAnswer),
        (success({"metric": {}, "value": [1, "one"]}), BadAnswer),
    ],
    ids=["refused", "timed out", "HTML", "a list", "an error", "no data", "no value", "no number"],
)
def test_what_goes_wrong_has_a_type(answer: Any, error: type[BackendError]) -> None:
    with pytest.raises(error):
        Prometheus("http://p", Answers(answer)).query("up", 1.0)


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait(*answers: Any) -> tuple[dict[str, float], float]:
    clock = Clock(100.0)
    prometheus = Prometheus("http://p", Answers(*answers))
    found = prometheus.wait_for_scrapes(["a-1", "b-1"], 100.0, patience=3.0, clock=clock, sleep=clock.sleep)
    return found, clock.now


def test_waits_until_every_instance_was_scraped_later() -> None:
    late = success(up("a-1", (100.4, "1")), up("b-1", (100.6, "1"), (101.6, "1")))
    found, now = wait(success(up("a-1", (100.4, "1"))), late)
    assert found == {"a-1": 100.4, "b-1": 100.6}
    assert now == pytest.approx(100.2)


@pytest.mark.parametrize(
    "of_b", [[], [up("b-1", (100.0, "1"))], [up("b-1", (100.5, "0"))]], ids=["none", "not later", "failed"]
)
def test_gives_up_on_an_instance_without_a_later_scrape(of_b: list[dict[str, Any]]) -> None:
    found, now = wait(success(up("a-1", (100.4, "1")), *of_b))
    assert found == {"a-1": 100.4}
    assert 103.0 <= now < 103.5

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.panels.variables import MOST_STEPS, Span, expanded

MINUTE = Span(1000.0, 1060.0)
KNOWN = {"job": "web|shop", "job_name": "other", "it": "x"}


@pytest.mark.parametrize(
    "written, sent",
    [
        ('up{job=~"$job"}', 'up{job=~"web|shop"}'),
        ('up{job=~"${job}"}', 'up{job=~"web|shop"}'),
        ('up{job=~"${job:regex}"}', 'up{job=~"web|shop"}'),
        ('up{job=~"[[job]]"}', 'up{job=~"web|shop"}'),
        ('up{job=~"[[job:pipe]]"}', 'up{job=~"web|shop"}'),
        ("$job_name", "other"),
        ("${it}_total", "x_total"),
        ("$it$it", "xx"),
        ("up", "up"),
    ],
)
def test_each_way_of_writing_a_variable_gets_its_value(written: str, sent: str) -> None:
    assert expanded(written, KNOWN, MINUTE) == sent


@pytest.mark.parametrize(
    "written",
    [
        'label_replace(up, "a", "$1", "b", "(.*)")',
        'label_replace(up, "a", "${1}", "b", "(.*)")',
        "$nobody ${nobody} ${nobody:regex} [[nobody]]",
        'up{a=~"x$"}',
        'up{a=~"[[:alpha:]]+"}',
    ],
)
def test_a_name_that_nobody_knows_stays(written: str) -> None:
    assert expanded(written, KNOWN, MINUTE) == written


def test_what_was_put_in_is_not_looked_at_again() -> None:
    assert expanded("$it", {"it": "$job", "job": "web"}, MINUTE) == "$job"


@pytest.mark.parametrize(
    "name, value",
    [
        ("__range", "60s"),
        ("__range_s", "60"),
        ("__range_ms", "60000"),
        ("__interval", "1s"),
        ("__interval_ms", "1000"),
        ("__rate_interval", "4s"),
    ],
)
def test_grafanas_own_variables_are_of_the_span(name: str, value: str) -> None:
    assert expanded(f"rate(up[${name}]) ${{{name}}}", {}, MINUTE) == f"rate(up[{value}]) {value}"


def test_nobody_else_has_a_variable_of_grafanas_own_name() -> None:
    assert expanded("$__range", {"__range": "1y"}, MINUTE) == "60s"


@pytest.mark.parametrize(
    "seconds, scrape_interval, window",
    [
        (60, 1, "4s"),  # four scrapes
        (60, 15, "60s"),
        (60, 0.5, "2s"),
        (900, 1, "9s"),  # a step of 8 s, and a scrape
        (7200, 15, "75s"),  # a step of 60 s, and a scrape
    ],
)
def test_a_rate_is_over_four_scrapes_or_a_step_and_a_scrape(
    seconds: float, scrape_interval: float, window: str
) -> None:
    assert Span(0.0, seconds, scrape_interval).own()["__rate_interval"] == window


@pytest.mark.parametrize(
    "seconds, scrape_interval, step",
    [(0, 1, 1), (60, 1, 1), (120, 1, 1), (121, 1, 2), (900, 1, 8), (60, 15, 15), (60, 1.5, 2), (3600, 15, 30)],
)
def test_a_step_is_whole_seconds_and_no_shorter_than_a_scrape(
    seconds: float, scrape_interval: float, step: float
) -> None:
    assert Span(0.0, seconds, scrape_interval).step == step


@given(st.floats(0, 1e6), st.floats(0.1, 120))
def test_a_span_has_few_whole_steps_of_at_least_a_scrape(seconds: float, scrape_interval: float) -> None:
    span = Span(0.0, seconds, scrape_interval)
    assert math.ceil(seconds / span.step) <= MOST_STEPS
    assert span.step == int(span.step) >= scrape_interval


def test_a_span_of_no_time_is_a_second_long() -> None:
    assert Span(5.0, 5.0).own()["__range"] == "1s"

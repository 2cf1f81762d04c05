from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from left_run import write_run

from seatrial.report.html.course import Course, read_course
from seatrial.report.html.source import read_source


@pytest.fixture
def course(run_dir: Path) -> Course:
    return read_course(read_source(run_dir))


def test_nothing_is_lost_between_rows_and_bins(course: Course) -> None:
    for name in ("due", "ended", "arrivals", "completions"):
        assert course.times[name].sum() * course.width == 60
    assert course.spread["ok"].sum() == 60


def test_percentiles_are_those_of_the_bin(course: Course) -> None:
    assert course.times["p50"][0] == pytest.approx(0.03)
    assert course.times["p99"][0] == pytest.approx(0.05)
    assert np.isnan(course.times["p50"][-1]) or course.times["second"][-1] < 12


def test_each_latency_lies_in_its_bin(course: Course) -> None:
    low, high = course.spread["low"], course.spread["high"]
    for latency in (0.01, 0.05, 0.09):
        assert ((low <= latency * 1.0001) & (latency <= high * 1.0001)).any()


def test_steps_have_the_exact_figures_of_the_samples(course: Course) -> None:
    (step,) = course.steps
    assert (step["step"], step["requests"], step["failed"], step["judged"]) == ("buy", 60, 0, 60)
    assert step["most"] == pytest.approx(0.09)


def test_a_run_without_samples_has_no_course(tmp_path: Path) -> None:
    run = write_run(tmp_path / "r")
    (run / "samples" / "requests.parquet").unlink()
    assert read_course(read_source(run)) == Course()

from __future__ import annotations

import os

from seatrial.measuring import Cost, Meter


def test_a_process_is_measured_between_the_first_look_and_the_last() -> None:
    times = iter([0.0, 10.0])
    meter = Meter({"me": os.getpid()}, clock=lambda: next(times))
    meter.look()
    sum(range(10**6))
    meter.look()
    (cost,) = meter.costs()
    assert cost.cpu is not None
    assert cost.rss_bytes is not None
    assert 0 < cost.cpu < 1
    assert cost.rss_bytes > 1e6


def test_a_process_that_was_never_seen_is_not_known() -> None:
    meter = Meter({"gone": 2**22 + 1})
    meter.look()
    assert meter.costs() == [Cost("gone", None, None)]

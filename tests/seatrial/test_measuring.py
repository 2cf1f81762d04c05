from __future__ import annotations

import os
import subprocess
import sys

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


def test_what_a_launcher_has_started_is_seen_with_it() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input(bytearray(10**8))'])"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        alone, both = Meter({"it": process.pid}), Meter({"it": process.pid}, parents=["it"])
        for meter in (alone, both):
            meter.look()
        sizes = [meter.costs()[0].rss_bytes or 0 for meter in (alone, both)]
        assert sizes[1] > sizes[0] * 1.5
    finally:
        process.kill()
        process.communicate()

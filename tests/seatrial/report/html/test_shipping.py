import numpy as np

from seatrial.checks.pipeline import Probe
from seatrial.report.html.shipping import shipping
from seatrial.timeline import ACKNOWLEDGED, QUEUE, Timeline


def test_nothing_is_drawn_of_nothing() -> None:
    assert shipping([], Timeline(), 0.0) is None


def test_lags_are_told_by_the_second_in_which_lines_were_written() -> None:
    probes = [Probe("a", 100.1, 101.1), Probe("a", 100.2, 103.2), Probe("a", 102.0, 102.5), Probe("a", 103.0, None)]
    found = shipping(probes, Timeline(), 100.0)
    assert found is not None
    assert found.seconds.tolist() == [0, 2, 3]
    np.testing.assert_allclose(found.p50[:2], [2.0, 0.5])
    np.testing.assert_allclose(found.most[:2], [3.0, 0.5])
    assert np.isnan(found.most[2])


def test_a_counter_that_fell_began_anew() -> None:
    points = ((100.0, 10.0), (101.0, 30.0), (102.0, 5.0))
    found = shipping([], Timeline(pipeline={ACKNOWLEDGED: points, QUEUE: ((100.0, 2000.0),)}), 100.0)
    assert found is not None
    assert (found.acknowledged[0].tolist(), found.acknowledged[1].tolist()) == ([1.0, 2.0], [20.0, 5.0])
    assert found.queue[1].tolist() == [2.0]

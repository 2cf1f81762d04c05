from seatrial.openloop.clock import Clock


def test_it_begins_at_the_epoch_and_advances_with_the_monotonic_clock() -> None:
    ticks = iter([5.0, 5.25, 7.0])
    clock = Clock(epoch=lambda: 1000.0, monotonic=lambda: next(ticks))
    assert [clock.now(), clock.now()] == [1000.25, 1002.0]


def test_a_jump_of_the_system_time_does_not_show() -> None:
    epoch = [1000.0]
    clock = Clock(epoch=lambda: epoch[0], monotonic=lambda: 1.0)
    epoch[0] = 5.0
    assert clock.now() == 1000.0

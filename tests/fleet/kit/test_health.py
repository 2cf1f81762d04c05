import threading

from fleet.kit.health import Health


def fail() -> None:
    raise OSError("disk is gone")


def test_without_checks_it_is_ready() -> None:
    assert Health().ready() == (True, {})


def test_each_check_is_named() -> None:
    health = Health()
    health.add("fine", lambda: None)
    health.add("false", lambda: False)
    health.add("store", fail)
    assert health.ready() == (False, {"fine": "ok", "false": "not ready", "store": "OSError: disk is gone"})


def test_a_check_may_recover() -> None:
    states = [False, True]
    health = Health()
    health.add("store", lambda: states.pop(0))
    assert [health.ready()[0], health.ready()[0]] == [False, True]


def test_hanging_check_is_bounded_and_not_started_twice() -> None:
    release, started = threading.Event(), []

    def hang() -> None:
        started.append(1)
        release.wait(10)

    health = Health(seconds=0.01)
    health.add("store", hang)
    first, second = health.ready(), health.ready()
    release.set()
    assert first == (False, {"store": "no result within 0.01 s"})
    assert second == (False, {"store": "still waiting for an earlier check"})
    assert len(started) == 1


def test_draining_is_not_ready_whatever_the_checks_say() -> None:
    health = Health()
    health.add("store", lambda: True)
    health.drain()
    assert health.ready() == (False, {"drain": "the replica is ending"})

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from seatrial.errors import StackError
from seatrial.stacks.ports import FREE_PORTS, PortLocks, make_private, stale_locks


@pytest.fixture
def one(tmp_path: Path) -> Iterator[PortLocks]:
    locks = PortLocks(tmp_path, "run-1")
    yield locks
    locks.release()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[PortLocks]:
    locks = PortLocks(tmp_path, "run-2")
    yield locks
    locks.release()


def test_a_free_port_lies_below_the_ephemeral_range(one: PortLocks) -> None:
    assert one.take() in FREE_PORTS


def test_no_two_runs_take_one_port(one: PortLocks, two: PortLocks) -> None:
    port = one.take()
    assert not two.lock(port)
    assert two.take([port]) != port


def test_a_run_takes_no_port_twice(one: PortLocks) -> None:
    assert len({one.take() for _ in range(10)}) == 10


def test_the_preferred_port_comes_first(one: PortLocks, two: PortLocks) -> None:
    port = one.take()
    one.release()
    assert two.take([port]) == port


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - that listener is what must be seen
def test_a_port_where_somebody_listens_is_not_taken(one: PortLocks, address: str) -> None:
    with socket.create_server((address, 0)) as listener:
        port = listener.getsockname()[1]
        assert not one.lock(port)
    assert list(one.folder.iterdir()) == []


def test_released_ports_leave_no_file(one: PortLocks) -> None:
    one.take()
    assert len(list(one.folder.glob("*.lock"))) == 1
    one.release()
    assert list(one.folder.iterdir()) == []


def test_a_lock_names_its_run(one: PortLocks) -> None:
    port = one.take()
    assert (one.folder / f"{port}.lock").read_text() == "run-1"


def test_a_lock_is_not_inherited(one: PortLocks) -> None:
    one.take()
    assert [os.get_inheritable(descriptor) for descriptor in one._held.values()] == [False]


def test_a_lock_that_nobody_holds_is_stale(one: PortLocks) -> None:
    port = one.take()
    stale = one.folder / "20000.lock" if port != 20000 else one.folder / "20001.lock"
    stale.write_text("run-0")
    assert stale_locks(one.folder) == [stale]


def test_no_folder_has_no_stale_locks(tmp_path: Path) -> None:
    assert stale_locks(tmp_path / "absent") == []


def test_a_folder_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(StackError, match="SEATRIAL_RUNTIME_DIR"):
        make_private(tmp_path / "link")


def test_the_folder_is_private(tmp_path: Path) -> None:
    make_private(tmp_path / "locks")
    assert (tmp_path / "locks").stat().st_mode & 0o077 == 0

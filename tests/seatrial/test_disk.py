from pathlib import Path

from seatrial.disk import LEAST_BYTES, DiskWatch


def test_looks_at_a_full_disk_are_counted(tmp_path: Path) -> None:
    left = iter([LEAST_BYTES, LEAST_BYTES - 1, 0])
    watch = DiskWatch(free=lambda _: next(left))
    for _ in range(3):
        watch.look(tmp_path)
    assert (watch.looks, watch.full) == (3, 2)


def test_a_disk_with_space_is_not_full(tmp_path: Path) -> None:
    watch = DiskWatch()
    watch.look(tmp_path)
    assert watch.full == 0

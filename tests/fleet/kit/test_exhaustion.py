from __future__ import annotations

import time

import psutil

from fleet.kit.exhaustion import Hoard, spin


def test_spin_uses_cpu() -> None:
    before = time.thread_time()
    spin(0.01)
    assert time.thread_time() - before >= 0.01


def test_files_are_kept_and_given_back() -> None:
    hoard, process = Hoard(), psutil.Process()
    before = process.num_fds()
    hoard.keep_files(3)
    assert process.num_fds() == before + 3
    hoard.drop()
    assert process.num_fds() == before


def test_a_forgotten_hoard_is_bounded() -> None:
    hoard = Hoard()
    hoard.keep_bytes(Hoard.MOST_BYTES + 1)
    hoard.keep_files(Hoard.MOST_FILES + 1)
    assert (hoard.bytes_kept, hoard.files_kept) == (0, 0)


def test_bytes_are_kept_and_given_back() -> None:
    hoard = Hoard()
    hoard.keep_bytes(1000)
    hoard.keep_bytes(500)
    assert hoard.bytes_kept == 1500
    hoard.drop()
    assert hoard.bytes_kept == 0

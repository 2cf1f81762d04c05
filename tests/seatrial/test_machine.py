from __future__ import annotations

from seatrial.machine import describe_machine, describe_versions


def test_the_machine_has_cores_and_memory() -> None:
    machine = describe_machine()
    assert machine["cores"] >= 1
    assert machine["memory_bytes"] > 2**20


def test_nobody_is_named() -> None:
    known = {"system", "release", "architecture", "cores", "memory_bytes", "load_average"}
    assert set(describe_machine()) == known


def test_versions_name_what_shapes_a_result() -> None:
    assert {"python", "seatrial", "locust", "numpy"} <= set(describe_versions())

from pathlib import Path

import pytest

from seatrial.errors import UsageError
from seatrial.settings import child_environment, read_settings


def test_folders_can_be_named() -> None:
    settings = read_settings({"SEATRIAL_CACHE_DIR": "/c", "SEATRIAL_RUNTIME_DIR": "/t", "SEATRIAL_RUNS_DIR": "/r"})
    assert (settings.cache_dir, settings.runtime_dir, settings.runs_dir) == (Path("/c"), Path("/t"), Path("/r"))


def test_an_empty_variable_counts_as_none() -> None:
    assert read_settings({"SEATRIAL_RUNS_DIR": ""}).runs_dir is None


@pytest.mark.parametrize("variable", ["SEATRIAL_CACHE_DIR", "SEATRIAL_RUNTIME_DIR", "SEATRIAL_RUNS_DIR"])
def test_a_relative_folder_is_refused_by_name(variable: str) -> None:
    with pytest.raises(UsageError, match=f"{variable} is 'here'"):
        read_settings({variable: "here"})


def test_two_users_share_no_locks() -> None:
    assert read_settings({}).runtime_dir.name.startswith("seatrial-")


@pytest.mark.parametrize(
    "environ, color",
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
    ids=["terminal decides", "off", "on", "off wins"],
)
def test_colours_follow_the_common_variables(*, environ: dict[str, str], color: bool | None) -> None:
    assert read_settings(environ).color is color


def test_a_child_carries_the_run() -> None:
    environment = child_environment("r1", {"A": "b"})
    assert environment["SEATRIAL_RUN_ID"] == "r1"
    assert environment["A"] == "b"
    assert "PATH" in environment

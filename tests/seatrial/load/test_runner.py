"""What the child is told; e2e/test_load.py runs it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seatrial.load.profile import Profile
from seatrial.load.runner import END_SECONDS, START_SECONDS, LoadJob


def job(environment: dict[str, str] | None = None, identities: Path | None = None, **profile: Any) -> LoadJob:
    return LoadJob(
        profile=Profile.model_validate({"stages": [{"name": "s", "rate": 1, "seconds": 20}], **profile}),
        locustfile=Path("/p/locustfile.py"),
        target="http://127.0.0.1:1",
        samples=Path("/r/samples"),
        profile_file=Path("/r/profile.json"),
        log=Path("/r/locust.out"),
        environment=environment or {},
        identities=identities,
    )


def test_locust_runs_without_its_page_and_leaves_failures_to_the_rows() -> None:
    command = job().command()
    assert command[1:6] == ["-m", "locust", "-f", "/p/locustfile.py", "--headless"]
    assert command[command.index("--host") + 1] == "http://127.0.0.1:1"
    assert command[command.index("--exit-code-on-error") + 1] == "0"


@pytest.mark.parametrize("processes, asked", [(1, []), (3, ["--processes", "3"])])
def test_processes_are_asked_for_when_there_are_several(processes: int, asked: list[str]) -> None:
    command = job(processes=processes).command()
    assert command[command.index("0") + 1 :] == asked


def test_the_child_is_told_where_everything_is() -> None:
    environment = job({"SEATRIAL_RUN_ID": "r"}, Path("/r/identities.json")).child_environment()
    assert environment == {
        "SEATRIAL_RUN_ID": "r",
        "SEATRIAL_PROFILE": "/r/profile.json",
        "SEATRIAL_SAMPLES_DIR": "/r/samples",
        "SEATRIAL_IDENTITIES": "/r/identities.json",
    }


def test_without_identities_none_are_named() -> None:
    assert "SEATRIAL_IDENTITIES" not in job().child_environment()


def test_targets_are_named_by_file_and_entry() -> None:
    told = replace(job(), discovery=Path("/r/discovery.json"), entry="front").child_environment()
    assert (told["SEATRIAL_DISCOVERY_FILE"], told["SEATRIAL_ENTRY"]) == ("/r/discovery.json", "front")


def test_settings_of_a_persons_own_locust_do_not_reach_it() -> None:
    assert "LOCUST_USERS" not in job({"LOCUST_USERS": "9", "PATH": "/bin"}).child_environment()
    assert job({"LOCUST_USERS": "9", "PATH": "/bin"}).child_environment()["PATH"] == "/bin"


def test_it_is_bounded_in_time() -> None:
    assert job(drain_seconds=7).limit_seconds() == 20 + 7 + START_SECONDS + END_SECONDS

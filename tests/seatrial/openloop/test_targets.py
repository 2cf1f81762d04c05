import json
from pathlib import Path

import pytest

from seatrial.openloop.errors import SettingsError
from seatrial.openloop.targets import LOOK_SECONDS, Discovered, Fixed


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def write(file: Path, *targets: str, job: str = "front") -> Path:
    """As the stack writes it: one group per replica, and another service's."""
    groups = [{"targets": [target], "labels": {"job": job}} for target in targets]
    other = {"targets": ["b:9"], "labels": {"job": "back", "instance": "back-1"}}
    partial = file.with_suffix(".tmp")
    partial.write_text(json.dumps([*groups, other]))
    partial.replace(file)
    return file


def test_an_address_that_was_named_stays() -> None:
    targets = Fixed("a:1")
    assert targets.present() is targets.present()
    assert targets.present() == ("a:1",)


def test_all_replicas_of_the_job_are_targets(tmp_path: Path) -> None:
    assert Discovered(write(tmp_path / "d.json", "a:1", "a:2"), "front").present() == ("a:1", "a:2")


def test_a_change_is_seen_at_the_next_look(tmp_path: Path) -> None:
    time = Time()
    targets = Discovered(write(tmp_path / "d.json", "a:1", "a:2"), "front", clock=time)
    write(tmp_path / "d.json", "a:2")
    assert targets.present() == ("a:1", "a:2")
    time.now = LOOK_SECONDS
    assert targets.present() == ("a:2",)


def test_what_does_not_concern_the_job_changes_nothing(tmp_path: Path) -> None:
    time = Time()
    targets = Discovered(write(tmp_path / "d.json", "a:1"), "front", clock=time)
    before = targets.present()
    file = write(tmp_path / "d.json", "a:1")
    file.write_text(file.read_text().replace("b:9", "b:10"))
    time.now = 1.0
    assert targets.present() is before


@pytest.mark.parametrize("text", ["", "[{", '[{"targets": ["a:1"]}]', "7"])
def test_a_file_that_is_wrong_later_leaves_the_last_state(text: str, tmp_path: Path) -> None:
    time = Time()
    targets = Discovered(write(tmp_path / "d.json", "a:1"), "front", clock=time)
    (tmp_path / "d.json").write_text(text)
    time.now = 1.0
    assert targets.present() == ("a:1",)


def test_nobody_left_is_a_state_too(tmp_path: Path) -> None:
    time = Time()
    targets = Discovered(write(tmp_path / "d.json", "a:1"), "front", clock=time)
    write(tmp_path / "d.json")
    time.now = 1.0
    assert targets.present() == ()


@pytest.mark.parametrize(
    "text, words",
    [(None, "cannot be read"), ("[{", "cannot be read"), ("[1]", "cannot be read"), ("[]", "no target with the job")],
    ids=["absent", "no JSON", "another shape", "nobody"],
)
def test_a_file_that_is_wrong_at_first_is_refused(text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "d.json").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Discovered(tmp_path / "d.json", "front")

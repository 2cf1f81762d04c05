import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.openloop.errors import SettingsError
from seatrial.openloop.profile import Profile
from seatrial.openloop.settings import Settings


def test_an_empty_environment_leaves_all_to_locust() -> None:
    assert Settings.from_environment({}) == Settings(Profile(), shaped=False, samples=None, identities=None)


def test_what_is_named_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("stages: [{name: s, rate: 1, seconds: 2}]", encoding="utf-8")
    (tmp_path / "i.json").write_text('{"identities": []}', encoding="utf-8")
    named = {"SEATRIAL_PROFILE": "p.yml", "SEATRIAL_SAMPLES_DIR": "a/b", "SEATRIAL_IDENTITIES": "i.json"}
    settings = Settings.from_environment({name: str(tmp_path / path) for name, path in named.items()})
    assert settings.shaped
    assert settings.profile.seconds == 2
    assert settings.samples == tmp_path / "a/b"
    assert (tmp_path / "a/b").is_dir()
    assert settings.identities == {"identities": []}


@pytest.mark.parametrize(
    "variable, content",
    [
        pytest.param("SEATRIAL_IDENTITIES", "{", id="identities-no-json"),
        pytest.param("SEATRIAL_IDENTITIES", "[]", id="identities-no-object"),
        pytest.param("SEATRIAL_IDENTITIES", '{"identities": ["t"]}', id="identities-no-objects"),
        pytest.param("SEATRIAL_IDENTITIES", '{"identities": [{"expires": "soon"}]}', id="expires-no-number"),
        pytest.param("SEATRIAL_SAMPLES_DIR", "", id="samples-is-a-file"),
        pytest.param("SEATRIAL_PROFILE", "nothing", id="profile-no-mapping"),
    ],
)
def test_a_wrong_value_names_its_variable(variable: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: str(file)})


STAGES = {"stages": [{"name": "s", "rate": 1, "seconds": 50}], "drain_seconds": 10}


def told(folder: Path, identities: list[dict[str, Any]], profile: dict[str, Any] | None = None) -> dict[str, str]:
    (folder / "identities.json").write_text(json.dumps({"identities": identities}))
    (folder / "profile.json").write_text(json.dumps(profile))
    environ = {"SEATRIAL_IDENTITIES": str(folder / "identities.json")}
    return environ | ({"SEATRIAL_PROFILE": str(folder / "profile.json")} if profile else {})


@pytest.mark.parametrize(
    "expires, profile",
    [
        pytest.param({"expires": 1060.0}, STAGES, id="outlives-the-run"),
        pytest.param({}, STAGES, id="does-not-say"),
        pytest.param({"expires": 1001.0}, None, id="a-run-without-an-end"),
    ],
)
def test_identities_that_outlive_the_run_are_taken(
    expires: dict[str, float], profile: dict[str, Any] | None, tmp_path: Path
) -> None:
    environ = told(tmp_path, [{"token": "t"} | expires], profile)
    assert Settings.from_environment(environ, now=lambda: 1000.0).identities


@pytest.mark.parametrize(
    "expires, profile, sentence",
    [
        pytest.param(1059.0, STAGES, "lives for 59 s more, and the run takes 60 s", id="too-short"),
        pytest.param(990.0, None, "lives for -10 s more", id="has-ended"),
    ],
)
def test_an_identity_that_ends_within_the_run_is_refused(
    expires: float, profile: dict[str, Any] | None, sentence: str, tmp_path: Path
) -> None:
    environ = told(tmp_path, [{"token": "t"}, {"token": "u", "expires": expires}], profile)
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment(environ, now=lambda: 1000.0)


def test_targets_are_the_entrys(tmp_path: Path) -> None:
    file = tmp_path / "discovery.json"
    file.write_text('[{"targets": ["a:1"], "labels": {"job": "front"}}]', encoding="utf-8")
    settings = Settings.from_environment({"SEATRIAL_DISCOVERY_FILE": str(file), "SEATRIAL_ENTRY": "front"})
    assert settings.targets
    assert settings.targets.present() == ("a:1",)


@pytest.mark.parametrize("variable", ["SEATRIAL_DISCOVERY_FILE", "SEATRIAL_ENTRY"])
def test_a_file_of_targets_and_the_entry_go_together(variable: str) -> None:
    with pytest.raises(SettingsError, match="go together"):
        Settings.from_environment({variable: "x"})

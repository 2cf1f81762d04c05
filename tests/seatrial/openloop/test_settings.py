from pathlib import Path

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
        pytest.param("SEATRIAL_SAMPLES_DIR", "", id="samples-is-a-file"),
        pytest.param("SEATRIAL_PROFILE", "nothing", id="profile-no-mapping"),
    ],
)
def test_a_wrong_value_names_its_variable(variable: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: str(file)})

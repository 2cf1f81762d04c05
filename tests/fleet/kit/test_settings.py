import pytest
from pydantic import ValidationError

from fleet.kit.errors import SettingsError
from fleet.kit.settings import Settings, load_settings


class ShopSettings(Settings):
    page_size: int = 20


@pytest.fixture(autouse=True)
def _no_variables_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "THREADS", "FAULTS", "LOG_FILE"):
        monkeypatch.delenv(f"SEATRIAL_{name}", raising=False)


def test_variables_become_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATRIAL_PORT", "20001")
    monkeypatch.setenv("SEATRIAL_FAULTS", "1")
    settings = load_settings(Settings)
    assert (settings.port, settings.faults) == (20001, True)


def test_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATRIAL_LOG_FILE", "")
    assert load_settings(Settings).log_file is None


def test_a_service_adds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATRIAL_PAGE_SIZE", "50")
    assert load_settings(ShopSettings).page_size == 50


@pytest.mark.parametrize(
    "field, value",
    [
        pytest.param("port", "http", id="no number"),
        pytest.param("port", "65536", id="no port"),
        pytest.param("threads", "0", id="no thread"),
        pytest.param("deadline", "nan", id="NaN"),
        pytest.param("deadline", "-1", id="negative"),
        pytest.param("log_level", "loud", id="no level"),
        pytest.param("migrate", "maybe", id="no boolean"),
    ],
)
def test_bad_value_is_a_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, field: str, value: str
) -> None:
    monkeypatch.setenv(f"SEATRIAL_{field.upper()}", value)
    with pytest.raises(SettingsError) as raised:
        load_settings(Settings)
    assert str(raised.value).startswith(f"SEATRIAL_{field.upper()} is '{value}': ")
    assert str(raised.value).endswith(".")


def test_settings_are_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc] # that it cannot is the test

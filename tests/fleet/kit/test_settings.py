import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from fleet.kit.errors import SettingsError
from fleet.kit.settings import ANY_HOST, Settings, load_settings


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


@pytest.mark.parametrize(
    "host, instance, name",
    [
        pytest.param(ANY_HOST, "orders-7", "orders-7", id="as it was told"),
        pytest.param(ANY_HOST, "", "orders-10.0.0.3", id="where others reach it, by its address"),
        pytest.param("127.0.0.1", "", "orders-1", id="on the loopback, the first"),
    ],
)
def test_a_replica_has_a_name(host: str, instance: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "f1e2d3")
    monkeypatch.setattr(socket, "gethostbyname", {"f1e2d3": "10.0.0.3"}.__getitem__)
    assert Settings(host=host, instance=instance).name_of("orders") == name


def test_a_host_whose_name_leads_nowhere_gives_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> str:
        raise socket.gaierror(-2, f"{name}: name or service not known")

    monkeypatch.setattr(socket, "gethostname", lambda: "f1e2d3")
    monkeypatch.setattr(socket, "gethostbyname", nowhere)
    assert Settings(host=ANY_HOST, instance="").name_of("orders") == "orders-f1e2d3"


@pytest.mark.parametrize(
    "told, own",
    [
        pytest.param(None, None, id="none"),
        pytest.param(Path("/logs/orders-1.jsonl"), Path("/logs/orders-1.jsonl"), id="one of its own"),
        pytest.param(Path("/logs/{hostname}.jsonl"), Path("/logs/f1e2d3.jsonl"), id="by the host's name"),
    ],
)
def test_replicas_that_are_told_the_same_have_log_files_of_their_own(
    told: Path | None, own: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "f1e2d3")
    assert Settings(log_file=told).own_log_file() == own

from pathlib import Path

import pytest

from fleet.kit.errors import ContractError
from fleet.kit.settings import Settings
from fleet.kit.telemetry import load_contract

LOGS = "logs: {message: {type: text, help: x}}\n"


def test_the_fleets_contract_loads() -> None:
    contract = load_contract(Settings().telemetry_file)
    assert contract.keywords["http_response_status_code"] == "http.response.status_code"
    assert len(contract.keywords) == len(contract.logs)


@pytest.mark.parametrize(
    "text, names",
    [
        pytest.param("metrics: {m: {type: meter, help: x}}\n" + LOGS, "metrics.m.type", id="type"),
        pytest.param(
            "metrics: {m: {type: gauge, help: x, lables: []}}\n" + LOGS, "metrics.m.lables", id="typing error"
        ),
        pytest.param("metrics: {m: {type: histogram, help: x}}\n" + LOGS, "needs buckets", id="no buckets"),
        pytest.param("metrics: {m: {type: gauge, help: x, buckets: [1]}}\n" + LOGS, "has no buckets", id="buckets"),
        pytest.param("metrics: {m: {type: histogram, help: x, buckets: [2, 1]}}\n" + LOGS, "must rise", id="order"),
        pytest.param("metrics: [\n", "cannot be read", id="no YAML"),
        pytest.param("- 1\n", "telemetry.yml", id="no mapping"),
    ],
)
def test_wrong_contract_names_the_place(tmp_path: Path, text: str, names: str) -> None:
    file = tmp_path / "telemetry.yml"
    file.write_text(text)
    with pytest.raises(ContractError, match=names):
        load_contract(file)


def test_missing_contract_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"absent\.yml"):
        load_contract(tmp_path / "absent.yml")

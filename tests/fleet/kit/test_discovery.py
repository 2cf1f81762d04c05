import json
from pathlib import Path

import pytest

from fleet.kit.discovery import DiscoveryError, FileDiscovery, StaticDiscovery, parse


def document(**targets: list[str]) -> str:
    return json.dumps([{"targets": found, "labels": {"job": job, "instance": "x"}} for job, found in targets.items()])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "discovery.json"
    file.write_text(document(orders=["127.0.0.1:1"]))
    return file


def replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_groups_of_one_job_are_joined() -> None:
    groups = [{"targets": [f"h:{n}"], "labels": {"job": "orders", "instance": f"orders-{n}"}} for n in (1, 2)]
    assert parse(json.dumps(groups).encode()) == {"orders": ["h:1", "h:2"]}


@pytest.mark.parametrize("text", ["{", "1", "[1]", '[{"targets":["h:1"]}]', '[{"targets":["h:1"],"labels":{}}]'])
def test_wrong_document_is_refused(text: str) -> None:
    with pytest.raises(DiscoveryError, match="file_sd"):
        parse(text.encode())


def test_unknown_service_has_no_address(file: Path) -> None:
    assert FileDiscovery(file).addresses("payments") == ()
    assert StaticDiscovery({}).addresses("payments") == ()


def test_change_is_seen(file: Path) -> None:
    discovery = FileDiscovery(file)
    assert discovery.addresses("orders") == ["127.0.0.1:1"]
    replace(file, document(orders=["127.0.0.1:1", "127.0.0.1:2"]))
    assert discovery.addresses("orders") == ["127.0.0.1:1", "127.0.0.1:2"]


@pytest.mark.parametrize("text", ["", "[{"])
def test_broken_file_leaves_the_last_state(file: Path, text: str) -> None:
    discovery = FileDiscovery(file)
    discovery.addresses("orders")
    replace(file, text)
    assert discovery.addresses("orders") == ["127.0.0.1:1"]


def test_missing_file_leaves_the_last_state(file: Path) -> None:
    discovery = FileDiscovery(file)
    discovery.addresses("orders")
    file.unlink()
    assert discovery.addresses("orders") == ["127.0.0.1:1"]

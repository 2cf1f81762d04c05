from __future__ import annotations

from pathlib import Path

import pytest

from fleet.kit.database import Database, open_store
from fleet.kit.errors import StoreUrlError
from fleet.kit.settings import Settings
from fleet.kit.standalone import introduce
from fleet.kit.testing import harness


def told(settings: Settings, *calls: str) -> str:
    made = harness("sample", settings)
    introduce(made.app.kit, calls=calls)
    [line] = made.captured.of("service.introduced")
    return str(line["message"])


def test_a_service_tells_where_it_is_and_what_it_needs() -> None:
    said = told(Settings(port=8003), "a", "b")
    assert said == "sample on http://127.0.0.1:8003; calls a, b at their default ports"


def test_a_service_tells_who_knows_the_others() -> None:
    assert "calls a as /run/discovery.json says" in told(Settings(discovery_file=Path("/run/discovery.json")), "a")
    assert told(Settings(discovery_dns_port=8000), "a", "b").endswith("; calls a, b by their names at port 8000")


def test_a_file_goes_before_names_and_it_says_so() -> None:
    both = Settings(discovery_file=Path("/run/discovery.json"), discovery_dns_port=8000)
    assert told(both, "a").endswith("; calls a as /run/discovery.json says")


def test_a_store_that_nobody_named_is_in_the_folder_and_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrated: list[Database] = []
    database = open_store(harness("sample").app.kit, migrated.append)
    assert (migrated, (tmp_path / ".seatrial").is_dir()) == ([database], True)
    database.close()


def test_a_store_is_not_migrated_twice_where_the_stack_has_done_it(tmp_path: Path) -> None:
    migrated: list[Database] = []
    settings = Settings(store=f"sqlite:///{tmp_path}/a.db", migrate=False)
    open_store(harness("sample", settings).app.kit, migrated.append).close()
    assert migrated == []


def test_a_replica_is_not_ready_while_its_store_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_text("this is no database" * 100)
    kit = harness("sample", Settings(store=f"sqlite:///{file}", migrate=False)).app.kit
    database = open_store(kit, lambda _: None)
    ready, results = kit.health.ready()
    assert (ready, "not a database" in results["store"]) == (False, True)
    database.close()


def test_a_store_of_another_kind_stops_the_start() -> None:
    kit = harness("sample", Settings(store="mongodb://host/shop")).app.kit
    with pytest.raises(StoreUrlError, match="mongodb"):
        open_store(kit, lambda _: None)

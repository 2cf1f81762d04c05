from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleet.hooks.migrate import GRANTS, migrate
from fleet.kit.database import Database
from fleet.users.store import UsersStore, digest

STORES = ("catalog", "inventory", "orders", "payments", "activity", "users")


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    stores = {service: f"sqlite:///{tmp_path}/{service}.db" for service in STORES}
    return {"run_dir": str(tmp_path), "stores": stores}


def stored_digest(document: dict[str, Any], client: str) -> str | None:
    database = Database(document["stores"]["users"])
    found = UsersStore(database).client(client)
    database.close()
    return found.secret_digest if found else None


def test_every_store_gets_its_tables(document: dict[str, Any]) -> None:
    assert migrate(document) == {"migrated": [*STORES], "clients": list(GRANTS)}
    assert all(Path(url.removeprefix("sqlite:///")).stat().st_size for url in document["stores"].values())


def test_a_secret_is_random_its_owners_alone_and_only_a_digest_in_the_store(document: dict[str, Any]) -> None:
    migrate(document)
    file = Path(document["run_dir"]) / "secrets" / "orders"
    secret = file.read_text()
    modes = [oct(path.stat().st_mode & 0o777) for path in (file.parent, file)]
    assert (modes, len(secret) >= 43) == (["0o700", "0o600"], True)
    assert stored_digest(document, "orders") == digest(secret)


def test_another_run_has_another_secret(document: dict[str, Any], tmp_path: Path) -> None:
    migrate(document)
    migrate(document | {"run_dir": str(tmp_path / "other")})
    secrets = {(folder / "secrets" / "orders").read_text() for folder in (tmp_path, tmp_path / "other")}
    assert len(secrets) == 2


def test_again_it_changes_nothing(document: dict[str, Any]) -> None:
    migrate(document)
    before = stored_digest(document, "orders")
    migrate(document)
    assert stored_digest(document, "orders") == before

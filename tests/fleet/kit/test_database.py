"""Which stores are served, and what is SQLite's own; what all of them promise: test_store_promises.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from fleet.kit.database import Database, sought
from fleet.kit.errors import StoreUrlError


@pytest.mark.parametrize(
    "pragma,expected",
    [("journal_mode", "wal"), ("synchronous", 1), ("foreign_keys", 1), ("busy_timeout", 5000)],
    ids=["wal", "synchronous-normal", "foreign-keys", "busy-timeout"],
)
def test_every_connection_is_prepared(database: Database, pragma: str, expected: object) -> None:
    with database.read() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == expected


@pytest.mark.parametrize(
    "url,says",
    [
        ("postgresql://host", "names no database"),
        ("cassandra://host/shop", "'cassandra' is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("orders.db", "is not a URL"),
        ("", "is not a URL"),
    ],
    ids=["no-database", "unknown", "nowhere", "memory", "a-path", "empty"],
)
def test_a_store_that_cannot_be_served_is_refused_with_the_remedy(url: str, says: str) -> None:
    with pytest.raises(StoreUrlError, match=says) as refused:
        Database(url)
    assert "Give " in str(refused.value)


def test_a_refused_url_keeps_its_password() -> None:
    with pytest.raises(StoreUrlError) as refused:
        Database("postgresql://shop:hunter2@host")
    assert "hunter2" not in str(refused.value)


def test_a_file_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUrlError, match=r"There is no store at .*; migrate first"):
        Database(f"sqlite:///{tmp_path}/none/store.db", must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text, asked", [("ada", "ada"), ("", ""), ("a\0da", ""), ("\0", "")], ids=ascii)
def test_text_with_nul_is_asked_for_as_none(text: str, asked: str) -> None:
    assert sought(text) == asked


def test_the_file_is_its_owners_alone(database: Database, url: str) -> None:
    database.check()
    folder = Path(url.removeprefix("sqlite:///")).parent
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o600"}

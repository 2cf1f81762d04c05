from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from fleet.kit import database as kit_database
from fleet.kit.database import Database, StoreBusy, insert_missing, sought
from fleet.kit.errors import StoreUrlError

METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("id", Integer, primary_key=True), Column("value", Integer, nullable=False))
CHILD = Table("child", METADATA, Column("id", Integer, primary_key=True), Column("parent", ForeignKey("counter.id")))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/folder/store.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    database.create_schema(METADATA)
    with database.write() as connection:
        connection.execute(insert(COUNTER).values(id=1, value=0))
    yield database
    database.close()


def value(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(COUNTER.c.value)).scalar_one())


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


def test_a_replica_that_holds_the_file_for_too_long_is_a_busy_store(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_database, "BUSY_SECONDS", 0.05)
    replica = Database(url)
    with database.write(), pytest.raises(StoreBusy, match=r"0\.05 s") as busy, replica.write():
        pytest.fail("two writers at once")
    assert busy.value.headers["Retry-After"] == "1"
    with replica.write() as connection:
        connection.execute(update(COUNTER).values(value=1))
    assert value(database) == 1
    replica.close()


def test_a_row_whose_key_is_there_is_left_as_it_is(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert_missing(COUNTER), [{"id": 1, "value": 5}, {"id": 2, "value": 6}])
        assert connection.execute(select(COUNTER).order_by(COUNTER.c.id)).all() == [(1, 0), (2, 6)]


@pytest.mark.parametrize("text, asked", [("ada", "ada"), ("", ""), ("a\0da", ""), ("\0", "")], ids=ascii)
def test_text_with_nul_is_asked_for_as_none(text: str, asked: str) -> None:
    assert sought(text) == asked


def test_an_exception_takes_the_whole_write_back(database: Database) -> None:
    def write_then_fail() -> None:
        with database.write() as connection:
            connection.execute(update(COUNTER).values(value=7))
            raise LookupError

    with pytest.raises(LookupError):
        write_then_fail()
    assert value(database) == 0


def test_the_writer_is_free_again_after_a_failure(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(COUNTER).values(id=1, value=0))
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=1))
    assert value(database) == 1


def test_a_reader_sees_the_last_commit_while_a_write_is_open(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=1))
        assert value(database) == 0


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(CHILD).values(parent=99))


def test_no_update_is_lost_between_threads_and_replicas(database: Database, url: str) -> None:
    replica = Database(url)

    def add_one(store: Database) -> None:
        with store.write() as connection:
            seen = connection.execute(select(COUNTER.c.value)).scalar_one()
            connection.execute(update(COUNTER).values(value=seen + 1))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(add_one, [database, replica] * 100))
    replica.close()
    assert value(database) == 200


def test_the_schema_can_be_made_again(database: Database) -> None:
    database.create_schema(METADATA)
    assert value(database) == 0


def test_a_failed_write_does_not_tell_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(IntegrityError) as failure, database.write() as connection:
        connection.execute(insert(COUNTER).values(id=1, value=424242))
    assert "424242" not in str(failure.value)


def test_the_file_is_its_owners_alone(database: Database, url: str) -> None:
    database.check()
    folder = Path(url.removeprefix("sqlite:///")).parent
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o600"}


def test_each_write_tells_how_long_it_waited_and_may_be_held(url: str) -> None:
    waited: list[float] = []
    held: list[str] = []
    database = Database(url, waited=waited.append, hold=lambda: held.append("held"))
    database.create_schema(METADATA)
    with database.read():
        pass
    assert (len(waited), held) == (1, ["held"])
    assert 0 <= waited[0] < 5
    database.close()

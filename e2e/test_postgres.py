"""The shop's stores on a real PostgreSQL: the promises that services rely on, and that the shop's own suite holds there too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest
from postgres_server import Server, running_server
from sqlalchemy import Column, ForeignKey, Insert, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from fleet.kit import database as kit_database
from fleet.kit.database import Database, StoreBusy, StoreGone, Whole, insert_missing

ROOT = Path(__file__).parents[1]
METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("id", Whole, primary_key=True), Column("value", Whole, nullable=False))
CHILD = Table("child", METADATA, Column("name", String, primary_key=True), Column("of", ForeignKey("counter.id")))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> str:
    name = f"t{abs(hash(request.node.name))}"
    server.sql(f"CREATE DATABASE {name}")
    return server.url(name)


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


def set_to(database: Database, wanted: int) -> None:
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=wanted))


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


def test_without_the_writers_lock_updates_would_be_lost(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = Database(url)
    for store in (database, replica):
        monkeypatch.setattr(store._kind, "writing", "BEGIN")

    with database.write() as one, replica.write() as other:
        seen = [each.execute(select(COUNTER.c.value)).scalar_one() for each in (one, other)]
    assert seen == [0, 0]
    replica.close()


def test_a_reader_keeps_its_snapshot_and_waits_for_nobody(database: Database) -> None:
    with database.read() as reading:
        before = reading.execute(select(COUNTER.c.value)).scalar_one()
        set_to(database, 1)
        assert reading.execute(select(COUNTER.c.value)).scalar_one() == before == 0
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=2))
        assert value(database) == 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only"), database.read() as connection:
        connection.execute(update(COUNTER).values(value=1))
    assert value(database) == 0


def test_an_exception_takes_the_whole_write_back(database: Database) -> None:
    def write_then_fail() -> None:
        with database.write() as connection:
            connection.execute(update(COUNTER).values(value=7))
            raise LookupError

    with pytest.raises(LookupError):
        write_then_fail()
    assert value(database) == 0
    set_to(database, 3)
    assert value(database) == 3


def test_a_row_whose_key_is_there_is_left_as_it_is(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert_missing(COUNTER), [{"id": 1, "value": 5}, {"id": 2, "value": 2**40}])
        assert connection.execute(select(COUNTER).order_by(COUNTER.c.id)).all() == [(1, 0), (2, 2**40)]


def test_a_writer_that_waits_too_long_finds_the_store_busy(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_database, "BUSY_SECONDS", 0.3)
    replica = Database(url)
    began = perf_counter()
    with database.write(), pytest.raises(StoreBusy), replica.write():
        pytest.fail("two writers at once")
    assert 0.3 <= perf_counter() - began < 3
    set_to(replica, 1)
    replica.close()


@pytest.mark.parametrize(
    "statement",
    [insert(COUNTER).values(id=424242, value=1), insert(CHILD).values(name="me", of=424242)],
    ids=["a second row of the same key", "a parent that is not there"],
)
def test_what_was_to_be_written_is_not_told(database: Database, statement: Insert) -> None:
    with database.write() as connection:
        connection.execute(insert_missing(COUNTER), {"id": 424242, "value": 1})
        if statement.table is CHILD:
            connection.execute(delete(COUNTER))
    with pytest.raises(IntegrityError) as failure, database.write() as connection:
        connection.execute(statement)
    told = "".join(traceback.format_exception(failure.value))
    assert "violates" in told
    assert "424242" not in told


def test_a_server_that_is_away_is_said_and_missed_no_longer_than_that(database: Database, server: Server) -> None:
    """Connections of before the restart lead nowhere; nobody sees more of it than one 503."""
    assert value(database) == 0
    server.stop("immediate")
    try:
        for attempt in (database.check, lambda: set_to(database, 1)):
            with pytest.raises(StoreGone) as gone:
                attempt()
            assert (gone.value.status, gone.value.headers["Retry-After"]) == (503, "1")
    finally:
        server.start()
    set_to(database, 2)
    assert value(database) == 2


def test_a_connection_that_ends_in_the_middle_takes_the_write_back(database: Database, server: Server) -> None:
    def write_and_be_cut_off() -> None:
        with database.write() as connection:
            connection.execute(update(COUNTER).values(value=9))
            server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
            connection.execute(select(COUNTER.c.value))

    with pytest.raises(StoreGone):
        write_and_be_cut_off()
    assert value(database) == 0


def test_a_database_that_is_not_there_is_not_made(server: Server) -> None:
    nowhere = Database(server.url("nowhere"))
    with pytest.raises(StoreGone):
        nowhere.check()
    nowhere.close()


def suite(server: Server, *arguments: str) -> tuple[int, str]:
    """The exit code of the shop's own tests on it, and what they said."""
    environment = {
        **os.environ,
        "SEATRIAL_TEST_POSTGRES": server.url("{database}"),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "on_postgres",
        "-p",
        "no:cacheprovider",
        "-q",
        "-n",
        "2",
        *arguments,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    return done.returncode, done.stdout + done.stderr


def test_every_services_store_holds_on_it_and_the_shop_trades(server: Server) -> None:
    stores = [str(each.relative_to(ROOT)) for each in ROOT.glob("tests/fleet/*/test_store.py")]
    code, told = suite(
        server, *stores, "tests/fleet/kit/test_idempotency.py", "tests/fleet/test_journeys_on_the_shop.py"
    )
    assert code == 0, told[-3000:]
    assert int(re.findall(r"(\d+) passed", told)[-1]) > 90


@pytest.mark.slow
def test_the_shops_suite_holds_on_it(server: Server) -> None:
    code, told = suite(server, "tests/fleet")
    assert code == 0, told[-3000:]
    assert int(re.findall(r"(\d+) passed", told)[-1]) > 1000

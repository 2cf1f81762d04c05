"""The shop's stores on a real PostgreSQL: what every kind of store promises, what is PostgreSQL's own, and the shop's whole suite."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from counter_store import CHILD, COUNTER, counting, set_to, value
from postgres_server import Server, running_server
from shop_suite import ROOT, passed_on
from sqlalchemy import Insert, bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from fleet.kit import database as kit_database
from fleet.kit.database import Database, StoreBusy, StoreGone, insert_missing

PROMISES = ("tests/fleet/kit/test_store_promises.py", "tests/fleet/kit/test_idempotency.py")


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
    with counting(url) as database:
        yield database


def test_without_the_writers_lock_updates_would_be_lost(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = Database(url)
    for store in (database, replica):
        monkeypatch.setattr(store._kind, "writing", lambda _: "BEGIN")

    with database.write() as one, replica.write() as other:
        seen = [each.execute(select(COUNTER.c.value)).scalar_one() for each in (one, other)]
    assert seen == [0, 0]
    replica.close()


def test_writers_of_different_things_do_not_wait_for_each_other(database: Database, url: str) -> None:
    with closing(Database(url)) as replica, database.write("alice"), replica.write("bob") as connection:
        connection.execute(update(COUNTER).values(value=1))
    assert value(database) == 1


@pytest.mark.parametrize(
    "first,second",
    [(["a"], ["a"]), (["a", "b"], ["b", "c"]), (["a"], []), ([], ["a"])],
    ids=["one", "some", "all", "any"],
)
def test_writers_of_one_thing_and_of_all_do(
    database: Database, url: str, first: list[str], second: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_database, "BUSY_SECONDS", 0.3)
    with (
        closing(Database(url)) as replica,
        database.write(*first),
        pytest.raises(StoreBusy),
        replica.write(*second),
    ):
        pytest.fail("two writers at once")


def test_who_changes_one_row_waits_for_no_writer_of_others(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(COUNTER).values(id=2, value=0))
        database.change(update(COUNTER).where(COUNTER.c.id == 1).values(value=bindparam("to")), {"to": 5})
        assert value(database) == 5


def test_who_waited_for_a_row_looks_at_it_again(database: Database) -> None:
    taking = update(COUNTER).where(COUNTER.c.value == 0).values(value=bindparam("to")).returning(COUNTER.c.value)
    with ThreadPoolExecutor(1) as threads:
        with database.write() as connection:
            connection.execute(update(COUNTER).values(value=1))
            late = threads.submit(database.change, taking, {"to": 2})
            time.sleep(0.3)  # it waits for the row by now, and would have taken it as it was
            assert not late.done()
        assert late.result() == []
    assert value(database) == 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only"), database.read() as connection:
        connection.execute(update(COUNTER).values(value=1))
    assert value(database) == 0


@pytest.mark.parametrize(
    "statement",
    [insert(COUNTER).values(id=424242, value=1), insert(CHILD).values(parent=424242)],
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


def passed(server: Server, *arguments: str) -> int:
    return passed_on("on_postgres", "SEATRIAL_TEST_POSTGRES", server.url("{database}"), "-n", "2", *arguments)


def test_every_services_store_holds_on_it_and_the_shop_trades(server: Server) -> None:
    stores = [str(each.relative_to(ROOT)) for each in ROOT.glob("tests/fleet/*/test_store.py")]
    assert passed(server, *stores, *PROMISES, "tests/fleet/test_journeys_on_the_shop.py") > 90


@pytest.mark.slow
def test_the_shops_suite_holds_on_it(server: Server) -> None:
    assert passed(server, "tests/fleet") > 1000

"""What every kind of store promises; here of SQLite's files, in e2e/test_postgres.py of a server's databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from time import perf_counter

import pytest
from counter_store import CHILD, COUNTER, METADATA, set_to, value
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from fleet.kit import database as kit_database
from fleet.kit.database import Database, StoreBusy, insert_missing


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


def test_a_reader_keeps_its_snapshot(database: Database) -> None:
    with database.read() as reading:
        before = reading.execute(select(COUNTER.c.value)).scalar_one()
        set_to(database, 1)
        assert reading.execute(select(COUNTER.c.value)).scalar_one() == before == 0


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(CHILD).values(parent=99))


@pytest.mark.parametrize(
    "about",
    [[[]], [["a"]], [[], ["a"]], [["a", "b"], ["b", "c"], ["c", "a"]]],
    ids=["all", "one thing", "either", "crosswise"],
)
def test_no_update_is_lost_between_threads_and_replicas(database: Database, url: str, about: list[list[str]]) -> None:
    replica, turns = Database(url), cycle(about)

    def add_one(store: Database) -> None:
        with store.write(*next(turns)) as connection:
            seen = connection.execute(select(COUNTER.c.value)).scalar_one()
            connection.execute(update(COUNTER).values(value=seen + 1))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(add_one, [database, replica] * 100))
    replica.close()
    assert value(database) == 200


def test_no_update_is_lost_between_single_changes_and_writers(database: Database, url: str) -> None:
    replica = Database(url)

    def add_one(store: Database) -> None:
        store.change(update(COUNTER).values(value=COUNTER.c.value + bindparam("more")), {"more": 1})

    def add_one_at_leisure(store: Database) -> None:
        with store.write() as connection:
            connection.execute(update(COUNTER).values(value=COUNTER.c.value + 1))
            connection.execute(select(COUNTER)).all()

    acts = [add_one, add_one_at_leisure] * 50
    with ThreadPoolExecutor(16) as threads:
        for store in (database, replica):
            list(threads.map(lambda act, store=store: act(store), acts))
    replica.close()
    assert value(database) == 200


def test_of_many_who_change_a_row_on_one_condition_one_does(database: Database) -> None:
    taking = update(COUNTER).where(COUNTER.c.value == 0).values(value=bindparam("by")).returning(COUNTER.c.value)
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: database.change(taking, {"by": number}), range(1, 65)))
    (taken,) = (rows for rows in found if rows)
    assert [row["value"] for row in taken] == [value(database)]


def test_a_change_that_fails_changes_nothing_and_tells_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError) as failure:
        database.change(update(COUNTER).values(id=bindparam("to"), value=424242), {"to": None})
    assert "424242" not in str(failure.value)
    assert value(database) == 0
    assert database.change(update(COUNTER).values(value=bindparam("to")), {"to": 3}) == []
    assert value(database) == 3


def test_a_row_that_is_held_for_too_long_is_a_busy_store(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_database, "BUSY_SECONDS", 0.3)
    replica = Database(url)
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=1))
        with pytest.raises(StoreBusy):
            replica.change(update(COUNTER).values(value=bindparam("to")), {"to": 2})
    replica.close()
    assert value(database) == 1


def test_the_schema_can_be_made_again(database: Database) -> None:
    database.create_schema(METADATA)
    assert value(database) == 0


def test_a_row_whose_key_is_there_is_left_as_it_is(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert_missing(COUNTER), [{"id": 1, "value": 5}, {"id": 2, "value": 2**40}])
        assert connection.execute(select(COUNTER).order_by(COUNTER.c.id)).all() == [(1, 0), (2, 2**40)]


def test_a_failed_write_does_not_tell_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(IntegrityError) as failure, database.write() as connection:
        connection.execute(insert(COUNTER).values(id=1, value=424242))
    assert "424242" not in str(failure.value)


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


def test_a_replica_that_writes_for_too_long_is_a_busy_store(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_database, "BUSY_SECONDS", 0.3)
    replica = Database(url)
    began = perf_counter()
    with database.write(), pytest.raises(StoreBusy, match=r"0\.3 s") as busy, replica.write():
        pytest.fail("two writers at once")
    assert 0.3 <= perf_counter() - began < 3
    assert busy.value.headers["Retry-After"] == "1"
    set_to(replica, 1)
    assert value(database) == 1
    replica.close()

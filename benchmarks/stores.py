"""What a transaction costs on each kind of store, side by side (needs Debian's package postgresql)."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import Column, MetaData, Table, bindparam, insert, select, update

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "e2e")]  # run as a script, from anywhere

from fleet.kit.database import Database, Whole  # noqa: E402 - found there

METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("id", Whole, primary_key=True), Column("value", Whole))
ONE = select(COUNTER).where(COUNTER.c.id == bindparam("key"))
INCREMENT = update(COUNTER).where(COUNTER.c.id == bindparam("key")).values(value=COUNTER.c.value + 1)
TRANSACTIONS, THREADS, ROUNDS, ROWS = 400, 4, 7, 100


def milliseconds(act: Callable[[object], None]) -> float:
    """Of wall time per call, by THREADS threads."""
    act(None)
    began = perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(act, range(TRANSACTIONS)))
    return (perf_counter() - began) / TRANSACTIONS * 1000


def acts(database: Database) -> dict[str, Callable[[object], None]]:
    """A write of two statements, a change of a row (of another one each time), and a read of one."""
    database.create_schema(METADATA)
    with database.write() as connection:
        connection.execute(insert(COUNTER), [{"id": number, "value": 0} for number in range(ROWS)])
    ids = cycle(range(ROWS))

    def write(_: object) -> None:
        with database.write() as connection:
            key = {"key": next(ids)}
            connection.execute(ONE, key).all()
            connection.execute(INCREMENT, key)

    def change(_: object) -> None:
        database.change(INCREMENT, {"key": next(ids)})

    def read(_: object) -> None:
        with database.read() as connection:
            connection.execute(ONE, {"key": next(ids)}).all()

    return {"write": write, "change": change, "read": read}


def main() -> None:
    """Rounds by turns, so that a noisy machine is noisy for both; prints medians and their ratio."""
    from postgres_server import running_server

    with running_server(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        server.sql("CREATE DATABASE bench")
        databases = {
            "sqlite": Database(f"sqlite:///{folder}/bench.db"),
            "postgresql": Database(server.url("bench")),
        }
        kinds = {name: acts(database) for name, database in databases.items()}
        for act in ("write", "change", "read"):
            rounds = [{name: milliseconds(each[act]) for name, each in kinds.items()} for _ in range(ROUNDS)]
            found = {name: median(each[name] for each in rounds) for name in kinds}
            ratio = median(each["postgresql"] / each["sqlite"] for each in rounds)
            print(", ".join(f"{name} {act} {value:.2f} ms" for name, value in found.items()), f": {ratio:.1f} times")
        for database in databases.values():
            database.close()


if __name__ == "__main__":
    main()

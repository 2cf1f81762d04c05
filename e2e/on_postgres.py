"""A pytest plugin: every SQLite file that a test names is a database of the server at SEATRIAL_TEST_POSTGRES instead.

    SEATRIAL_TEST_POSTGRES=postgresql://shop@/{database}?host=/folder pytest -p on_postgres tests/fleet

So the shop's whole suite says of PostgreSQL what it says of SQLite. Each path has a database of its own, made when it is first named.
"""

from __future__ import annotations

import hashlib
import os

import psycopg
import pytest

from fleet.kit import database
from fleet.kit.errors import StoreUrlError

SERVER = os.environ["SEATRIAL_TEST_POSTGRES"]
# Of SQLite alone: its files, its pragmas, its way to be held by somebody else, its triggers. e2e/test_postgres.py has the like.
ELSEWHERE = (
    "kit/test_database.py",
    "kit/test_standalone.py",
    "test_migrate.py::test_every_store_gets_its_tables",
    "test_signing.py::test_the_store_is_its_owners_alone",
    "test_secrecy.py::test_a_row_that_cannot_be_written_is_not_told",
)
MADE: set[str] = set()

original = database._kind_of


def _kind_of(text: str, *, must_exist: bool) -> database.Kind:
    if not text.startswith("sqlite:///"):
        return original(text, must_exist=must_exist)
    name = "t" + hashlib.sha256(text.encode()).hexdigest()[:20]
    if name not in MADE:
        if must_exist:
            raise StoreUrlError(f"There is no store at {text}; migrate first.")
        _make(name)
        MADE.add(name)
    return original(SERVER.format(database=name), must_exist=must_exist)


def _make(name: str) -> None:
    with psycopg.connect(SERVER.format(database="postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())


def pytest_configure() -> None:
    database._kind_of = _kind_of


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    elsewhere = [item for item in items if any(part in item.nodeid for part in ELSEWHERE)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]

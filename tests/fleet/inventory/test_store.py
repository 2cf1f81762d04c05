from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from fleet.inventory import store as steps
from fleet.inventory.model import NewReservation, Refusal, Reservation, State
from fleet.inventory.store import STOCK, InventoryStore
from fleet.kit.database import Database

Result = Reservation | Refusal


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InventoryStore]:
    database = Database(f"sqlite:///{tmp_path}/inventory.db")
    steps.migrate(database)
    store = InventoryStore(database)
    store.fill({"lamp": 5})
    yield store
    database.close()


def run(store: InventoryStore, step: Callable[[Connection], Result]) -> State | Refusal:
    with store.database.write() as connection:
        result = step(connection)
    return result if isinstance(result, Refusal) else result.state


def reserve(
    store: InventoryStore, name: str, quantity: int = 1, product: str = "lamp", *, oversell: bool = False
) -> State | Refusal:
    wanted = NewReservation(reservation_id=name, product_id=product, quantity=quantity)
    return run(store, lambda connection: steps.reserve(connection, wanted, oversell=oversell))


def commit(store: InventoryStore, name: str) -> State | Refusal:
    return run(store, lambda connection: steps.commit(connection, name))


def release(store: InventoryStore, name: str, *, lose: bool = False) -> State | Refusal:
    return run(store, lambda connection: steps.release(connection, name, lose=lose))


def lying(store: InventoryStore) -> tuple[int, int]:
    with store.database.read() as connection:
        row = connection.execute(select(STOCK.c.on_hand, STOCK.c.reserved).where(STOCK.c.product_id == "lamp")).one()
    return row.on_hand, row.reserved


def test_what_is_reserved_is_no_longer_available(store: InventoryStore) -> None:
    assert reserve(store, "a", 3) is State.RESERVED
    stock = store.stock("lamp")
    assert stock is not None
    assert (stock.available, lying(store)) == (2, (5, 3))


def test_more_than_is_available_is_refused_and_changes_nothing(store: InventoryStore) -> None:
    reserve(store, "a", 3)
    assert reserve(store, "b", 3) is Refusal.SOLD_OUT
    assert lying(store) == (5, 3)


def test_the_last_pieces_may_be_had(store: InventoryStore) -> None:
    assert reserve(store, "a", 5) is State.RESERVED


def test_an_unknown_product_is_not_merely_sold_out(store: InventoryStore) -> None:
    assert reserve(store, "a", 1, "sextant") is Refusal.UNKNOWN_PRODUCT
    assert store.stock("sextant") is None


def test_committing_hands_out(store: InventoryStore) -> None:
    reserve(store, "a", 2)
    assert commit(store, "a") is State.COMMITTED
    assert lying(store) == (3, 0)


def test_releasing_gives_back(store: InventoryStore) -> None:
    reserve(store, "a", 2)
    assert release(store, "a") is State.RELEASED
    assert lying(store) == (5, 0)


@pytest.mark.parametrize(
    "taken,again,expected,after",
    [
        ("reserve", "reserve", State.RESERVED, (5, 1)),
        ("commit", "commit", State.COMMITTED, (4, 0)),
        ("release", "release", State.RELEASED, (5, 0)),
        ("commit", "release", Refusal.OTHER_STATE, (4, 0)),
        ("release", "commit", Refusal.OTHER_STATE, (5, 0)),
        ("commit", "reserve", Refusal.OTHER_STATE, (4, 0)),
        ("release", "reserve", Refusal.OTHER_STATE, (5, 0)),
    ],
)
def test_a_step_after_a_step(
    store: InventoryStore, taken: str, again: str, expected: object, after: tuple[int, int]
) -> None:
    taking = {"reserve": reserve, "commit": commit, "release": release}
    reserve(store, "a")
    taking[taken](store, "a")
    assert taking[again](store, "a") is expected
    assert lying(store) == after


def test_the_same_reservation_for_something_else_is_refused(store: InventoryStore) -> None:
    reserve(store, "a", 1)
    assert reserve(store, "a", 2) is Refusal.OTHER_STATE


def test_an_unknown_reservation_cannot_be_committed(store: InventoryStore) -> None:
    assert commit(store, "a") is Refusal.UNKNOWN_RESERVATION


def test_a_reservation_that_comes_after_its_release_is_barred(store: InventoryStore) -> None:
    assert release(store, "late") is State.RELEASED
    assert reserve(store, "late") is Refusal.OTHER_STATE
    assert lying(store) == (5, 0)


def test_sixty_four_threads_never_oversell(store: InventoryStore) -> None:
    with ThreadPoolExecutor(64) as threads:
        results = list(threads.map(lambda number: reserve(store, f"r{number}"), range(64)))
    assert (results.count(State.RESERVED), lying(store)) == (5, (5, 5))


def test_the_seeded_bug_oversells(store: InventoryStore) -> None:
    assert reserve(store, "a", 6, oversell=True) is State.RESERVED


def test_the_seeded_bug_loses_a_release(store: InventoryStore) -> None:
    reserve(store, "a", 2)
    assert release(store, "a", lose=True) is State.RELEASED
    assert lying(store) == (5, 2)

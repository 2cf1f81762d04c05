from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.kit.database import Database
from fleet.orders import store as statements
from fleet.orders.model import Event, Order, Step
from fleet.orders.store import Lease, LeaseLost, OrdersStore, migrate


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OrdersStore]:
    database = Database(f"sqlite:///{tmp_path}/orders.db")
    migrate(database)
    yield OrdersStore(database)
    database.close()


def lease(by: str = "orders-1/a/1", now: float = 100.0, seconds: float = 10.0) -> Lease:
    return Lease(by, now, now + seconds)


def put(store: OrdersStore, name: str = "o1", step: Step = Step.CHARGE, held: Lease | None = None) -> Order:
    order = Order(name, "alice", "prod-1", 1, 100, 0.0, step, key=f"key-{name}")
    with store.database.write() as connection:
        statements.add(connection, order, held or lease())
    found = store.order(name)
    assert found is not None
    return found


def tell(store: OrdersStore, *names: str) -> None:
    with store.database.write() as connection:
        for name in names:
            statements.announce(connection, Event(name, f"of-{name}", "alice", "order.confirmed", 1.0))


def test_an_order_that_is_held_is_nobody_elses(store: OrdersStore) -> None:
    put(store)
    other = lease("orders-2/b/1", now=105.0)
    assert (store.take_up(other), store.lease("o1", other)) == (None, None)


def test_an_order_whose_lease_has_ended_is_taken_up(store: OrdersStore) -> None:
    order = put(store)
    assert store.take_up(lease("orders-2/b/1", now=111.0)) == order


def test_it_is_taken_up_by_one_of_many(store: OrdersStore) -> None:
    put(store)
    others = [lease(f"orders-2/b/{number}", now=111.0) for number in range(32)]
    with ThreadPoolExecutor(32) as threads:
        taken = [order for order in threads.map(store.take_up, others) if order is not None]
    assert len(taken) == 1


def test_who_overslept_a_lease_can_store_nothing(store: OrdersStore) -> None:
    order = put(store)
    store.take_up(lease("orders-2/b/1", now=111.0))
    with pytest.raises(LeaseLost):
        store.save(replace(order, step=Step.COMMIT), lease(now=112.0))
    now = store.order("o1")
    assert now is not None
    assert now.step is Step.CHARGE


def test_a_step_that_is_stored_renews_the_lease(store: OrdersStore) -> None:
    order = put(store)
    store.save(replace(order, step=Step.COMMIT), lease(now=109.0))
    assert store.take_up(lease("orders-2/b/1", now=118.0)) is None


@pytest.mark.parametrize("step", [Step.CONFIRMED, Step.FAILED, Step.CANCELLED])
def test_a_settled_order_is_left_alone(store: OrdersStore, step: Step) -> None:
    put(store, step=step)
    late = lease("orders-2/b/1", now=999.0)
    assert (store.take_up(late), store.lease("o1", late), store.unsettled()) == (None, None, 0)


def test_what_is_put_off_waits_for_the_loop_but_not_for_its_customer(store: OrdersStore) -> None:
    order = put(store)
    store.put_off(order, lease(now=100.0, seconds=2.0))
    assert store.take_up(lease("orders-1/a/2", now=101.0)) is None
    assert store.lease("o1", lease("orders-1/a/3", now=101.0))


def test_tries_are_counted(store: OrdersStore) -> None:
    order = put(store)
    store.put_off(order, lease(now=100.0, seconds=2.0))
    taken = store.take_up(lease("orders-1/a/2", now=103.0))
    assert taken is not None
    assert taken.tries == 1


def test_the_longest_left_order_comes_first(store: OrdersStore) -> None:
    put(store, "young", held=lease(now=105.0))
    put(store, "old", held=lease(now=101.0))
    taken = store.take_up(lease("orders-2/b/1", now=200.0))
    assert taken is not None
    assert taken.id == "old"


def test_a_replica_forgets_what_its_former_process_held_and_nothing_else(store: OrdersStore) -> None:
    put(store, "former", held=lease("orders-1/a/1"))
    put(store, "mine", held=lease("orders-1/b/1"))
    put(store, "neighbours", held=lease("orders-10/a/1"))
    tell(store, "event")
    store.events(lease("orders-1/a/2"), 1)
    store.forget("orders-1/", but="orders-1/b/")
    taken = store.take_up(lease("orders-1/b/2", now=101.0))
    assert taken is not None
    assert (taken.id, store.take_up(lease("orders-1/b/3", now=101.0))) == ("former", None)
    assert [event.id for event in store.events(lease("orders-1/b/4", now=101.0), 1)] == ["event"]


def test_only_a_confirmed_order_is_cancelled(store: OrdersStore) -> None:
    for step in Step:
        put(store, step, step=step)
    with store.database.write() as connection:
        cancelled = {step for step in Step if statements.cancel(connection, step, "key", lease())}
    assert cancelled == {Step.CONFIRMED}


def test_a_cancelled_order_bears_the_key_of_its_cancelling(store: OrdersStore) -> None:
    put(store, step=Step.CONFIRMED)
    with store.database.write() as connection:
        statements.cancel(connection, "o1", "second", lease())
    order = store.order("o1")
    assert order is not None
    assert (order.step, order.key, order.cancel_key) == (Step.UNCHARGE, "key-o1", "second")


def test_events_are_told_by_one_and_in_order(store: OrdersStore) -> None:
    tell(store, "a", "b", "c")
    mine = store.events(lease("orders-1/a/1"), 2)
    theirs = store.events(lease("orders-2/b/1"), 9)
    assert ([event.id for event in mine], [event.id for event in theirs]) == (["a", "b"], ["c"])


def test_an_event_that_was_told_is_gone(store: OrdersStore) -> None:
    tell(store, "a", "b")
    [event, _] = store.events(lease(), 9)
    store.told(event)
    assert store.untold() == 1


def test_events_that_could_not_be_told_come_again_later(store: OrdersStore) -> None:
    tell(store, "a")
    events = store.events(lease(), 9)
    store.tell_later(events, lease(now=100.0, seconds=5.0))
    assert store.events(lease("orders-2/b/1", now=104.0), 9) == []
    assert [event.tries for event in store.events(lease("orders-2/b/1", now=106.0), 9)] == [1]


def test_events_of_a_dead_teller_come_again_when_its_lease_ends(store: OrdersStore) -> None:
    tell(store, "a")
    store.events(lease(), 9)
    assert [event.id for event in store.events(lease("orders-2/b/1", now=111.0), 9)] == ["a"]

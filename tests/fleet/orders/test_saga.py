from __future__ import annotations

import pytest
from shop_in_process import PRICE, Shop

from fleet.orders.model import Order, Step
from fleet.orders.saga import CANCEL, PLACE, Leases, claim_of, reply


def kind(answer: object) -> str:
    return str(answer.get_json()["type"]).rsplit("/", 1)[-1]  # type: ignore[attr-defined] # a test response


def bought(shop: Shop, customer: str, product: str, key: str = "one") -> str:
    return str(shop.order(customer, product, key).get_json()["id"])


def states(shop: Shop, customer: str) -> list[str]:
    return [order["status"] for order in shop.orders_of(customer)]


# Cancelling


def test_a_cancelled_order_is_paid_back_and_lies_in_the_warehouse_again(shop: Shop) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    answer = shop.cancel(customer, bought(shop, customer, product), "two")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
    assert (shop.balance(customer), shop.available(product)) == (1000, 10)
    assert shop.broken() == set()


def test_the_same_cancelling_again_is_answered_alike_and_does_nothing(shop: Shop) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    order = bought(shop, customer, product)
    first, second = (shop.cancel(customer, order, "two") for _ in range(2))
    assert (second.status_code, second.data, second.headers["Idempotent-Replayed"]) == (200, first.data, "true")
    assert shop.balance(customer) == 1000


def test_a_second_cancelling_is_refused(shop: Shop) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    order = bought(shop, customer, product)
    shop.cancel(customer, order, "two")
    answer = shop.cancel(customer, order, "three")
    assert (answer.status_code, kind(answer)) == (409, "not-cancellable")
    assert (shop.balance(customer), shop.available(product)) == (1000, 10)


def test_what_failed_cannot_be_cancelled(shop: Shop) -> None:
    customer = shop.customer(0)
    shop.order(customer, shop.goods(), "one")
    [order] = shop.orders_of(customer)
    assert shop.cancel(customer, order["id"], "two").status_code == 409


def test_nobody_cancels_anothers_order(shop: Shop) -> None:
    order = bought(shop, shop.customer(), shop.goods())
    assert shop.cancel("thief", order, "two").status_code == 404


def test_a_key_stands_for_one_order_only(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    first, second = (bought(shop, customer, product, key) for key in ("one", "two"))
    shop.cancel(customer, first, "three")
    assert kind(shop.cancel(customer, second, "three")) == "idempotency-key-reused"


@pytest.mark.parametrize("path,how", [("/refund", "lost"), ("/refund", 500), ("/return", "deaf"), ("/return", 503)])
def test_a_cancelling_that_is_stuck_is_done_by_the_recovery(shop: Shop, path: str, how: str | int) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    order = bought(shop, customer, product)
    shop.trouble(path, how)
    answer = shop.cancel(customer, order, "two")
    assert (answer.status_code, kind(answer), states(shop, customer)) == (503, "order-pending", ["cancelling"])
    shop.heal()
    shop.recover()
    assert (states(shop, customer), shop.balance(customer), shop.available(product)) == (["cancelled"], 1000, 10)
    assert shop.cancel(customer, order, "two").headers["Idempotent-Replayed"] == "true"
    assert shop.broken() == set()


# Recovery: the process dies at a call, before it is sent or after it was acted on


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["/v1/reservations", "/v1/charges", "/commit"])
def test_an_order_left_by_a_crash_is_seen_to_its_end(shop: Shop, call: str, done: bool) -> None:  # noqa: FBT001 - a case
    customer, product = shop.customer(1000), shop.goods(10)
    shop.trouble(call, "crash-after" if done else "crash-before", 1)
    with pytest.raises(SystemExit):
        shop.order(customer, product, "one")
    assert states(shop, customer) == ["pending"]
    shop.restart("orders")
    shop.recover()
    assert (states(shop, customer), shop.balance(customer), shop.available(product)) == (["confirmed"], 1000 - PRICE, 9)
    assert shop.order(customer, product, "one").headers["Idempotent-Replayed"] == "true"
    assert shop.broken() == set()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["/refund", "/return"])
def test_a_cancelling_left_by_a_crash_is_seen_to_its_end(shop: Shop, call: str, done: bool) -> None:  # noqa: FBT001 - a case
    customer, product = shop.customer(1000), shop.goods(10)
    order = bought(shop, customer, product)
    shop.trouble(call, "crash-after" if done else "crash-before", 1)
    with pytest.raises(SystemExit):
        shop.cancel(customer, order, "two")
    shop.restart("orders")
    shop.recover()
    assert (states(shop, customer), shop.balance(customer), shop.available(product)) == (["cancelled"], 1000, 10)
    assert shop.broken() == set()


def test_a_neighbour_leaves_an_order_alone_while_its_lease_runs(shop: Shop) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    shop.trouble("/v1/charges", "crash-before", 1)
    with pytest.raises(SystemExit):
        shop.order(customer, product, "one")
    shop.restart("orders", instance="orders-2")
    shop.recover()
    assert states(shop, customer) == ["pending"]
    shop.restart("orders")
    shop.recover()
    assert states(shop, customer) == ["confirmed"]


def test_recovered_orders_are_counted(fresh_shop: Shop) -> None:
    customer, product = fresh_shop.customer(0), fresh_shop.goods(1)
    fresh_shop.trouble("/release", "lost")
    fresh_shop.order(customer, product, "one")
    fresh_shop.heal()
    fresh_shop.recover()
    assert fresh_shop.sample("orders", "orders_recovered_total") == 1


# What waits is visible


def test_unsettled_orders_and_untold_events_are_gauges(fresh_shop: Shop) -> None:
    customer, product = fresh_shop.customer(PRICE), fresh_shop.goods(9)
    fresh_shop.order(customer, product, "one")
    fresh_shop.trouble("/release", "lost")
    fresh_shop.order(customer, product, "two")
    gauges = ("orders_unsettled", "orders_outbox_pending")
    ages = ("orders_unsettled_oldest_seconds", "orders_outbox_oldest_seconds")
    assert [fresh_shop.sample("orders", name) for name in gauges] == [1, 1]
    assert [0 < fresh_shop.sample("orders", name) < 60 for name in ages] == [True, True]
    fresh_shop.heal()
    fresh_shop.recover()
    fresh_shop.tell()
    assert [fresh_shop.sample("orders", name) for name in (*gauges, *ages)] == [0, 0, 0, 0]


# The feed


def test_the_feed_is_told_how_each_order_ended(shop: Shop) -> None:
    customer, product = shop.customer(PRICE), shop.goods()
    order = bought(shop, customer, product)
    shop.order(customer, product, "two")
    shop.cancel(customer, order, "three")
    shop.tell()
    assert [entry["kind"] for entry in shop.feed(customer)] == ["order.cancelled", "order.failed", "order.confirmed"]


@pytest.mark.parametrize("how", ["lost", "deaf", "refused", 500], ids=str)
def test_an_event_is_told_until_the_feed_has_it_and_shown_once(shop: Shop, how: str | int) -> None:
    customer, product = shop.customer(), shop.goods()
    order = bought(shop, customer, product)
    shop.trouble(f"{order}.confirmed", how)
    shop.tell()
    shop.heal()
    shop.tell()
    assert [entry["order_id"] for entry in shop.feed(customer)] == [order]


# Seeded bugs


@pytest.mark.parametrize(
    "service,fault,red",
    [
        ("payments", "refund-twice", {"net-charges-per-order", "no-negative-account"}),
        ("orders", "skip-refund", {"net-charges-per-order"}),
        ("orders", "lose-event", {"feed-exactly-once"}),
        ("activity", "show-twice", {"feed-exactly-once"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_seeded_bug_of_a_cancelled_order_is_seen_by_its_equation(
    fresh_shop: Shop, service: str, fault: str, red: set[str]
) -> None:
    customer, product = fresh_shop.customer(1000), fresh_shop.goods(5)
    fresh_shop.fault(service, fault)
    fresh_shop.cancel(customer, bought(fresh_shop, customer, product), "two")
    fresh_shop.tell()
    assert fresh_shop.broken() == red


def test_a_leaked_order_is_the_seeded_bug(shop: Shop) -> None:
    order = bought(shop, shop.customer(), shop.goods())
    shop.fault("orders", "leak-orders")
    assert shop.client("orders").get(f"/v1/orders/{order}", headers=shop.headers("thief")).status_code == 200


# Pure parts


def test_leases_of_one_process_are_told_apart() -> None:
    leases = Leases("orders-1", process="a", clock=lambda: 100.0)
    names = [leases.new().by for _ in range(2)]
    assert names == ["orders-1/a/1", "orders-1/a/2"]
    assert all(name.startswith(leases.mine) and name.startswith(leases.replica) for name in names)


def test_a_renewed_lease_is_the_same_holders_from_now_on() -> None:
    leases = Leases("orders-1", clock=iter([100.0, 107.0]).__next__)
    held = leases.new(seconds=15)
    assert leases.renewed(held.by, 15).until == held.until + 7


@pytest.mark.parametrize(
    "step,route,key,status",
    [(Step.CONFIRMED, PLACE, "one", 201), (Step.FAILED, PLACE, "one", 503), (Step.CANCELLED, CANCEL, "two", 200)],
)
def test_the_end_answers_the_key_that_asked_for_it(step: Step, route: str, key: str, status: int) -> None:
    order = Order("o1", "alice", "prod-1", 1, 100, 0.0, step, key="one", cancel_key="two")
    claim = claim_of(order)
    assert (claim.route, claim.key, reply(order).status) == (route, key, status)

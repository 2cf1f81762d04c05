from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random
from time import monotonic

import pytest
from shop_in_process import PRICE, Shop

from fleet.kit import exchange

RESERVE, CHARGE = "/v1/reservations", "/v1/charges"


def kind(answer: object) -> str:
    return str(answer.get_json()["type"]).rsplit("/", 1)[-1]  # type: ignore[attr-defined] # a test response


def test_an_order_is_confirmed_paid_and_handed_out(shop: Shop) -> None:
    customer, product = shop.customer(1000), shop.goods(10)
    answer = shop.order(customer, product, "one", quantity=3)
    assert answer.status_code == 201
    assert answer.get_json() == answer.get_json() | {"status": "confirmed", "quantity": 3, "total": 3 * PRICE}
    assert (shop.balance(customer), shop.available(product)) == (1000 - 3 * PRICE, 7)
    assert answer.headers["Location"] == f"/v1/orders/{answer.get_json()['id']}"
    assert shop.broken() == set()


@pytest.mark.parametrize(
    "balance,pieces,status,says",
    [(1000, 0, 409, "sold-out"), (PRICE - 1, 5, 402, "payment-declined")],
    ids=["sold-out", "declined"],
)
def test_a_refused_order_leaves_no_trace_but_itself(
    shop: Shop, balance: int, pieces: int, status: int, says: str
) -> None:
    customer, product = shop.customer(balance), shop.goods(pieces)
    answer = shop.order(customer, product, "one")
    assert (answer.status_code, kind(answer)) == (status, says)
    assert answer.mimetype == "application/problem+json"
    assert (shop.balance(customer), shop.available(product)) == (balance, pieces)
    assert [(order["status"], order["reason"]) for order in shop.orders_of(customer)] == [("failed", says)]
    assert shop.broken() == set()


def test_the_same_request_again_is_answered_alike_and_does_nothing(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    first, second = (shop.order(customer, product, "one") for _ in range(2))
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    assert second.headers["Location"] == first.headers["Location"]
    assert len(shop.orders_of(customer)) == 1


def test_a_refusal_is_replayed_too(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods(0)
    first, second = (shop.order(customer, product, "one") for _ in range(2))
    assert (second.status_code, second.data, second.mimetype) == (409, first.data, first.mimetype)


def test_a_key_with_another_payload_is_refused(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    shop.order(customer, product, "one", quantity=1)
    answer = shop.order(customer, product, "one", quantity=2)
    assert (answer.status_code, kind(answer)) == (422, "idempotency-key-reused")


def test_keys_of_two_customers_are_two_keys(shop: Shop) -> None:
    product = shop.goods()
    assert [shop.order(shop.customer(), product, "one").status_code for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(
    "body,status",
    [
        ({"product_id": "prod-99999", "quantity": 1}, 422),
        ({"product_id": "x", "quantity": 0}, 422),
        ({"product_id": "x", "quantity": -1}, 422),
        ({"product_id": "x", "quantity": 101}, 422),
        ({"product_id": "x", "quantity": 1.0}, 422),
        ({"product_id": "x", "quantity": "1"}, 422),
        ({"product_id": "x", "quantity": True}, 422),
        ({"product_id": "x", "quantity": 1, "price": 1}, 422),
        ({"product_id": "../x", "quantity": 1}, 422),
        ({"product_id": "x"}, 422),
        ([], 422),
    ],
    ids=str,
)
def test_a_wrong_order_is_refused(shop: Shop, body: object, status: int) -> None:
    answer = shop.client("orders").post("/v1/orders", json=body, headers=shop.headers("cust-1", "one"))
    assert answer.status_code == status


def test_an_order_needs_a_key(shop: Shop) -> None:
    body = {"product_id": "x", "quantity": 1}
    answer = shop.client("orders").post("/v1/orders", json=body, headers=shop.headers("cust-1"))
    assert (answer.status_code, kind(answer)) == (400, "idempotency-key-missing")


@pytest.mark.parametrize("method,path", [("POST", "/v1/orders"), ("GET", "/v1/orders"), ("GET", "/v1/orders/x")])
def test_orders_need_a_token_before_anything_else(shop: Shop, method: str, path: str) -> None:
    answer = shop.client("orders").open(path, method=method)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_nobody_sees_anothers_order(shop: Shop) -> None:
    product = shop.goods()
    mine = shop.order(shop.customer(), product, "one").get_json()["id"]
    assert shop.client("orders").get(f"/v1/orders/{mine}", headers=shop.headers("thief")).status_code == 404


def test_the_owner_sees_the_order(shop: Shop) -> None:
    customer = shop.customer()
    made = shop.order(customer, shop.goods(), "one").get_json()
    assert shop.client("orders").get(f"/v1/orders/{made['id']}", headers=shop.headers(customer)).get_json() == made


def test_orders_are_listed_the_latest_first_page_by_page(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    made = [shop.order(customer, product, f"key-{number}").get_json()["id"] for number in range(5)]
    pages, cursor = [], ""
    for _ in range(3):
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = shop.client("orders").get("/v1/orders", query_string=query, headers=shop.headers(customer)).get_json()
        pages.append([order["id"] for order in page["items"]])
        cursor = page["next_cursor"]
    assert [order for page in pages for order in page] == made[::-1]
    assert ([len(page) for page in pages], cursor) == ([2, 2, 1], None)


@pytest.mark.parametrize("cursor", ["%%%", "bm90LWEtbnVtYmVy", "LTE"], ids=["rubbish", "no-number", "negative"])
def test_a_cursor_of_somebody_elses_making_shows_nothing(shop: Shop, cursor: str) -> None:
    answer = shop.client("orders").get("/v1/orders", query_string={"cursor": cursor}, headers=shop.headers("cust-1"))
    assert answer.status_code == 400 or answer.get_json()["items"] == []


# What one broken call does to an order: (call, how, times) -> status, final state.
# 99 times is for ever; "/release" and "/refund" work unless named.
BROKEN_CALLS: dict[str, tuple[list[tuple[str, str | int, int]], int, str]] = {
    "reserve-refused-connection": ([(RESERVE, "refused", 99)], 503, "failed"),
    "reserve-lost": ([(RESERVE, "lost", 99)], 503, "failed"),
    "reserve-done-but-unanswered": ([(RESERVE, "deaf", 99)], 503, "failed"),
    "reserve-500": ([(RESERVE, 500, 99)], 503, "failed"),
    "reserve-unanswered-once": ([(RESERVE, "deaf", 1)], 201, "confirmed"),
    "reserve-503-once": ([(RESERVE, 503, 1)], 201, "confirmed"),
    "charge-refused-connection": ([(CHARGE, "refused", 99)], 503, "failed"),
    "charge-lost": ([(CHARGE, "lost", 99)], 503, "failed"),
    "charge-done-but-unanswered": ([(CHARGE, "deaf", 99)], 503, "failed"),
    "charge-500": ([(CHARGE, 500, 99)], 503, "failed"),
    "charge-unanswered-once": ([(CHARGE, "deaf", 1)], 201, "confirmed"),
    "commit-lost": ([("/commit", "lost", 99)], 503, "failed"),
    "commit-409": ([("/commit", 409, 99)], 503, "failed"),
    "commit-500": ([("/commit", 500, 99)], 503, "failed"),
    "commit-done-but-unanswered": ([("/commit", "deaf", 99)], 201, "confirmed"),
    "commit-lost-and-refund-500-twice": ([("/commit", "lost", 99), ("/refund", 500, 2)], 503, "failed"),
    "charge-lost-and-release-unanswered-twice": ([(CHARGE, "lost", 99), ("/release", "deaf", 2)], 503, "failed"),
}


@pytest.mark.parametrize("troubles,status,state", BROKEN_CALLS.values(), ids=BROKEN_CALLS.keys())
def test_a_broken_call_leaves_the_books_right(
    shop: Shop, troubles: list[tuple[str, str | int, int]], status: int, state: str
) -> None:
    customer, product = shop.customer(), shop.goods()
    for trouble in troubles:
        shop.trouble(*trouble)
    answer = shop.order(customer, product, "one")
    assert (answer.status_code, [order["status"] for order in shop.orders_of(customer)]) == (status, [state])
    assert shop.balance(customer) == (1000 - PRICE if state == "confirmed" else 1000)
    assert shop.broken() == set()


@pytest.mark.parametrize("how,status", [("refused", 503), ("lost", 504), (500, 502)], ids=str)
def test_without_a_price_nothing_begins(shop: Shop, how: str | int, status: int) -> None:
    customer, product = shop.customer(), shop.goods()
    shop.trouble(product, how)
    assert shop.order(customer, product, "one").status_code == status
    shop.heal()
    assert shop.order(customer, product, "one").status_code == 201, "the key must still be free"
    assert len(shop.orders_of(customer)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_whatever_breaks_the_books_are_right_once_pending_orders_were_taken_up(shop: Shop, seed: int) -> None:
    random = Random(seed)
    customers, product = [shop.customer(300) for _ in range(3)], shop.goods(8)
    kinds: list[str | int | None] = ["lost", "deaf", "refused", 500, *[None] * 6]
    shop.loopback.draw = lambda: random.choice(kinds)
    for number in range(20):
        shop.order(customers[number % 3], product, f"key-{number}")
    shop.heal()
    for number in range(20):
        shop.order(customers[number % 3], product, f"key-{number}")
    assert {order["status"] for customer in customers for order in shop.orders_of(customer)} == {"confirmed", "failed"}
    assert shop.broken() == set()


def test_calls_carry_the_order_and_the_step_as_their_key(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    shop.loopback.keys.clear()
    order = shop.order(customer, product, "one").get_json()["id"]
    assert shop.loopback.keys == [None, f"{order}.reserve", f"{order}.charge", f"{order}.commit"]


def test_undoing_gets_time_though_the_request_has_none_left(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()

    def run_out_of_time(path: str) -> None:
        scope = exchange.current()
        if path == CHARGE and scope is not None:
            scope.deadline = monotonic() - 1

    shop.loopback.before = run_out_of_time
    shop.trouble(CHARGE, "lost")
    shop.order(customer, product, "one")
    shop.loopback.before = None
    assert [order["status"] for order in shop.orders_of(customer)] == ["failed"]
    assert shop.available(product) == 10


def test_what_cannot_be_undone_stays_pending_and_visible(shop: Shop) -> None:
    customer, product = shop.customer(0), shop.goods()
    shop.trouble("/release", "lost")
    answer = shop.order(customer, product, "one")
    assert (answer.status_code, kind(answer)) == (503, "order-pending")
    [order] = shop.orders_of(customer)
    assert (order["id"], order["status"]) == (answer.get_json()["order_id"], "pending")
    assert {"nothing-stuck", "nothing-reserved"} <= shop.broken()
    shop.heal()
    shop.order(customer, product, "one")


def test_a_repeated_request_takes_a_pending_order_up_where_it_is(shop: Shop) -> None:
    customer, product = shop.customer(0), shop.goods()
    shop.trouble("/release", "lost")
    shop.order(customer, product, "one")
    shop.heal()
    shop.loopback.calls.clear()
    answer = shop.order(customer, product, "one")
    assert (answer.status_code, kind(answer)) == (402, "payment-declined")
    assert [call.rsplit("/", 1)[-1] for call in shop.loopback.calls] == ["release"]
    assert shop.broken() == set()


def test_the_lease_keeps_a_second_request_off_an_order_under_way(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    answers = []

    def meddle(path: str) -> None:
        if path.endswith(CHARGE) and not answers:
            answers.append(None)
            answers.append(shop.order(customer, product, "one"))

    shop.loopback.before = meddle
    first = shop.order(customer, product, "one")
    shop.loopback.before = None
    assert (first.status_code, answers[1].status_code, kind(answers[1])) == (201, 409, "idempotency-key-in-flight")


def test_sixty_four_buyers_of_the_last_piece_and_one_gets_it(shop: Shop) -> None:
    product = shop.goods(1)
    customers = [shop.customer() for _ in range(64)]
    with ThreadPoolExecutor(64) as threads:
        statuses = list(threads.map(lambda customer: shop.order(customer, product, "one").status_code, customers))
    assert (statuses.count(201), statuses.count(409)) == (1, 63)
    assert shop.broken() == set()


def test_sixty_four_identical_requests_are_one_order(shop: Shop) -> None:
    customer, product = shop.customer(100_000), shop.goods(100)
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda _: shop.order(customer, product, "one"), range(64)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {kind(answer) for answer in answers if answer.status_code == 409} <= {"idempotency-key-in-flight"}
    assert len({answer.get_json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(shop.orders_of(customer)) == 1
    assert shop.broken() == set()


@pytest.mark.parametrize(
    "service,fault,balance,pieces,red",
    [
        ("payments", "charge-twice", 1000, 5, {"net-charges-per-order"}),
        ("inventory", "lose-release", 0, 5, {"nothing-reserved"}),
        ("orders", "lose-release", 0, 5, {"nothing-reserved"}),
        ("inventory", "oversell", 1000, 0, {"nothing-oversold"}),
    ],
    ids=["charge-twice", "lose-release-in-inventory", "lose-release-in-orders", "oversell"],
)
def test_each_seeded_bug_is_seen_by_its_equation(
    fresh_shop: Shop, service: str, fault: str, balance: int, pieces: int, red: set[str]
) -> None:
    fresh_shop.fault(service, fault)
    customer, product = fresh_shop.customer(balance), fresh_shop.goods(pieces)
    fresh_shop.order(customer, product, "one")
    assert fresh_shop.broken() == red


def test_orders_are_counted_by_how_they_end(fresh_shop: Shop) -> None:
    product = fresh_shop.goods()
    for balance in (0, 1000):
        fresh_shop.order(fresh_shop.customer(balance), product, "one")
    registry = fresh_shop.loopback.apps["orders"].kit.metrics.registry
    counts = {
        status: registry.get_sample_value("orders_total", {"order_status": status})
        for status in ("failed", "confirmed")
    }
    assert counts == {"failed": 1, "confirmed": 1}


def test_pages_neither_skip_nor_repeat_while_orders_come(shop: Shop) -> None:
    customer, product = shop.customer(10_000), shop.goods(50)
    before = [shop.order(customer, product, f"before-{number}").get_json()["id"] for number in range(5)]
    seen: list[str] = []
    query = {"limit": "2"}
    while query:
        page = shop.client("orders").get("/v1/orders", query_string=query, headers=shop.headers(customer)).get_json()
        seen += [order["id"] for order in page["items"]]
        shop.order(customer, product, f"meanwhile-{len(seen)}")
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert seen == before[::-1]


def test_an_order_that_comes_after_its_deadline_is_not_begun(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()

    def dawdle(path: str) -> None:
        scope = exchange.current()
        if path.startswith("/v1/products/") and scope is not None:
            scope.deadline = monotonic() - 1

    shop.loopback.before = dawdle
    answer = shop.order(customer, product, "one")
    shop.loopback.before = None
    assert (answer.status_code, kind(answer), shop.orders_of(customer)) == (504, "deadline-exceeded", [])

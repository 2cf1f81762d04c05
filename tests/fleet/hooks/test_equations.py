"""Each equation: green on right books, red on each seeded bug, and no other equation red where the bug is its alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet.hooks import acknowledged, equations
from fleet.hooks.books import (
    Books,
    Clients,
    EntryRow,
    Intrusion,
    OrderRow,
    PostingRow,
    Seen,
    StockRow,
    TransferRow,
    UserRow,
)
from fleet.hooks.equations import EQUATIONS
from fleet.hooks.findings import Finding
from fleet.payments.model import CASH, SALES

BOUGHT = OrderRow("o1", "alice", "k1", "lamp", 2, 50, "confirmed")
DECLINED = OrderRow("o2", "bob", "k2", "lamp", 1, 50, "failed")
UNKNOWN = OrderRow("o3", "alice", "k3", "oar", 1, 10, "confirmed")
CANCELLED = OrderRow("o4", "alice", "k6", "oar", 1, 10, "cancelled", "k7")
ORDERS = (BOUGHT, DECLINED, UNKNOWN, CANCELLED)


def entry(order: OrderRow, status: str) -> EntryRow:
    return EntryRow(f"{order.id}.{status}", order.subject, f"order.{status}", order.id)


FEED = (
    entry(BOUGHT, "confirmed"),
    entry(DECLINED, "failed"),
    entry(UNKNOWN, "confirmed"),
    entry(CANCELLED, "confirmed"),
    entry(CANCELLED, "cancelled"),
)
ALICE, BOB, CAROL = (UserRow(name, name, name) for name in ("alice", "bob", "carol"))


def transfer(name: str, kind: str, reference: str, source: str, target: str, amount: int) -> Books:
    legs = (PostingRow(name, source, -amount), PostingRow(name, target, amount))
    return Books(transfers=(TransferRow(name, kind, reference),), postings=legs)


LEDGER = (
    transfer("d1", "deposit", "populate-alice", CASH, "alice", 500),
    transfer("d2", "deposit", "k4", CASH, "bob", 30),
    transfer("c1", "charge", "o1", "alice", SALES, 100),
    transfer("c3", "charge", "o3", "alice", SALES, 10),
    transfer("c4", "charge", "o4", "alice", SALES, 10),
    transfer("r4", "refund", "o4", SALES, "alice", 10),
)
RIGHT = Books(
    orders=ORDERS,
    feed=FEED,
    users=(ALICE, BOB, CAROL),
    accounts={CASH: -530, SALES: 110, "alice": 390, "bob": 30},
    transfers=tuple(row for part in LEDGER for row in part.transfers),
    postings=tuple(row for part in LEDGER for row in part.postings),
    stock=(StockRow("lamp", 8, 0), StockRow("oar", 4, 0)),
    opening_stock={"lamp": 10, "oar": 5},
    opening_deposits={"populate-alice": 500},
    opening_users=frozenset({"alice", "bob"}),
    clients=Clients(
        orders=(
            Seen("k1", "o1", 201, True),
            Seen("k1", "o1", 201, True),  # sent again, and answered alike
            Seen("k2", "", 402, True),
            Seen("k3", "", None, False),
            Seen("k6", "", None, False),
            Seen("k6", "o4", 201, True),  # sent again, since the first got no answer
        ),
        deposits=(Seen("k4", "d2", 201, True), Seen("k5", "", None, False)),
        cancellations=(Seen("k7", "o4", 200, True), Seen("k8", "", None, False)),
        registrations=(Seen("", "carol", 201, True),),
        intrusions=(Intrusion("view-others-order", "t1", 404), Intrusion("expired-token", "t2", None)),
    ),
)


def posted(books: Books, name: str, kind: str, reference: str, source: str, target: str, amount: int) -> Books:
    """The books with one more transfer, kept balances included: as a bug that posts too much would leave them."""
    more = transfer(name, kind, reference, source, target, amount)
    accounts = dict(books.accounts)
    accounts[source] = accounts.get(source, 0) - amount
    accounts[target] = accounts.get(target, 0) + amount
    return replace(
        books,
        accounts=accounts,
        transfers=books.transfers + more.transfers,
        postings=books.postings + more.postings,
    )


def with_orders(*orders: OrderRow) -> Books:
    """The books with these orders instead of those of the same ids, and a feed that tells of them."""
    changed = {order.id: order for order in orders}
    kept = {order.id: order for order in ORDERS} | changed
    feed = [each for each in FEED if each.order_id not in changed]
    feed += [entry(order, kind.split(".")[1]) for order in orders for kind in equations.SHOWN[order.status]]
    return replace(RIGHT, orders=tuple(kept.values()), feed=tuple(feed))


def with_stock(**pieces: tuple[int, int]) -> Books:
    return replace(RIGHT, stock=tuple(StockRow(name, *counts) for name, counts in pieces.items()))


def having_seen(**history: tuple[Seen, ...] | tuple[Intrusion, ...]) -> Books:
    assert RIGHT.clients is not None
    return replace(RIGHT, clients=replace(RIGHT.clients, **history))  # type: ignore[arg-type] # each by its name


def with_orders_seen(*seen: Seen) -> Books:
    return having_seen(orders=seen)


def with_deposits_seen(*seen: Seen) -> Books:
    return having_seen(deposits=seen)


def failing(books: Books) -> set[str]:
    return {finding.name for finding in (equation(books) for equation in EQUATIONS) if finding.verdict == "FAIL"}


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.__name__)
def test_right_books_pass(equation: Callable[[Books], Finding]) -> None:
    assert equation(RIGHT).verdict == "PASS"


BUGS: dict[str, tuple[Books, set[str]]] = {
    "charged-twice": (
        posted(RIGHT, "c2", "charge", "o1", "alice", SALES, 100),
        {"net-charges-per-order"},
    ),
    "not-charged": (
        posted(RIGHT, "r1", "refund", "o1", SALES, "alice", 100),
        {"net-charges-per-order"},
    ),
    "declined-but-charged": (
        posted(RIGHT, "c2", "charge", "o2", "bob", SALES, 30),
        {"net-charges-per-order"},
    ),
    "charged-to-somebody-else": (
        with_orders(replace(BOUGHT, subject="bob")),
        {"net-charges-per-order"},
    ),
    "charged-for-no-order": (
        posted(RIGHT, "c2", "charge", "o9", "alice", SALES, 1),
        {"net-charges-per-order"},
    ),
    "one-leg-is-wrong": (
        replace(RIGHT, postings=(replace(RIGHT.postings[0], amount=-499), *RIGHT.postings[1:])),
        {"transfers-balance", "balances-match-postings"},
    ),
    "a-leg-is-missing": (
        replace(RIGHT, postings=RIGHT.postings[1:]),
        {"transfers-balance", "balances-match-postings"},
    ),
    "a-balance-is-wrong": (
        replace(RIGHT, accounts=RIGHT.accounts | {"bob": 31}),
        {"balances-match-postings"},
    ),
    "an-account-is-below-zero": (
        posted(RIGHT, "r9", "refund", "o2", "bob", "alice", 40),
        {"no-negative-account", "net-charges-per-order"},
    ),
    "a-piece-is-gone": (with_stock(lamp=(7, 0), oar=(4, 0)), {"stock-adds-up"}),
    "a-piece-is-too-many": (with_stock(lamp=(9, 0), oar=(4, 0)), {"stock-adds-up"}),
    "a-product-is-gone": (with_stock(lamp=(8, 0)), {"stock-adds-up"}),
    "oversold": (
        replace(with_stock(lamp=(-1, 0), oar=(4, 0)), opening_stock={"lamp": 1, "oar": 5}),
        {"nothing-oversold"},
    ),
    "a-release-is-lost": (with_stock(lamp=(8, 1), oar=(4, 0)), {"nothing-reserved"}),
    "a-reservation-is-open": (replace(RIGHT, reservations_open=("o2",)), {"nothing-reserved"}),
    "an-order-is-stuck": (
        with_orders(replace(DECLINED, step="release")),
        {"nothing-stuck"},
    ),
    "a-key-is-in-flight": (replace(RIGHT, in_flight=("k9",)), {"nothing-stuck"}),
    "a-cancelled-order-was-not-refunded": (
        posted(RIGHT, "c9", "charge", "o4", "alice", SALES, 10),
        {"net-charges-per-order"},
    ),
    "a-cancelled-order-was-refunded-twice": (
        posted(RIGHT, "r9", "refund", "o4", SALES, "alice", 10),
        {"net-charges-per-order"},
    ),
    "a-cancelled-order-was-not-restocked": (with_stock(lamp=(8, 0), oar=(3, 0)), {"stock-adds-up"}),
    "a-cancelled-order-was-restocked-twice": (with_stock(lamp=(8, 0), oar=(5, 0)), {"stock-adds-up"}),
    "a-cancelling-is-stuck": (
        replace(with_orders(replace(CANCELLED, step="restock")), stock=(StockRow("lamp", 8, 0), StockRow("oar", 3, 0))),
        {"nothing-stuck", "cancellations-acknowledged"},
    ),
    "an-event-waits": (
        replace(RIGHT, feed=FEED[1:], outbox=FEED[:1]),
        {"nothing-stuck", "feed-exactly-once"},
    ),
    "an-event-is-lost": (replace(RIGHT, feed=FEED[1:]), {"feed-exactly-once"}),
    "an-event-is-shown-twice": (
        replace(RIGHT, feed=(*FEED, replace(FEED[0], event_id="o1.confirmed-again"))),
        {"feed-exactly-once"},
    ),
    "an-event-is-in-somebody-elses-feed": (
        replace(RIGHT, feed=(replace(FEED[0], user_id="bob"), *FEED[1:])),
        {"feed-exactly-once"},
    ),
    "an-event-of-another-end": (
        replace(RIGHT, feed=(replace(FEED[0], kind="order.failed"), *FEED[1:])),
        {"feed-exactly-once"},
    ),
    "an-event-of-no-order": (
        replace(RIGHT, feed=(*FEED, EntryRow("o9.confirmed", "bob", "order.confirmed", "o9"))),
        {"feed-exactly-once"},
    ),
    "a-repeated-order-was-told-another-id": (
        with_orders_seen(Seen("k1", "o1", 201, True), Seen("k1", "o3", 201, True)),
        {"orders-acknowledged"},
    ),
    "a-repeated-order-was-refused": (
        with_orders_seen(Seen("k1", "o1", 201, True), Seen("k1", "", 409, True)),
        {"orders-acknowledged"},
    ),
    "an-acknowledged-cancelling-did-nothing": (
        having_seen(cancellations=(Seen("k7", "o4", 200, True), Seen("k9", "o1", 200, True))),
        {"cancellations-acknowledged"},
    ),
    "a-cancelling-undid-another-order": (
        having_seen(cancellations=(Seen("k7", "o1", 200, True),)),
        {"cancellations-acknowledged"},
    ),
    "an-order-is-cancelled-that-nobody-wanted-cancelled": (
        having_seen(cancellations=()),
        {"cancellations-acknowledged"},
    ),
    "a-refused-cancelling-was-done": (
        having_seen(cancellations=(Seen("k7", "", 409, True),)),
        {"cancellations-acknowledged"},
    ),
    "an-acknowledged-user-is-gone": (replace(RIGHT, users=(ALICE, BOB)), {"users-unique"}),
    "an-opening-user-is-gone": (replace(RIGHT, users=(ALICE, CAROL)), {"users-unique"}),
    "two-users-are-called-alike": (
        replace(RIGHT, users=(ALICE, BOB, replace(CAROL, name="b0b", skeleton="bob"))),
        {"users-unique"},
    ),
    "two-registrations-made-one-user": (
        having_seen(registrations=(Seen("", "carol", 201, True), Seen("", "carol", 201, True))),
        {"users-unique"},
    ),
    "a-user-that-nobody-registered": (having_seen(registrations=()), {"users-unique"}),
    "a-refused-registration-made-a-user": (
        having_seen(registrations=(Seen("", "", 409, True),)),
        {"users-unique"},
    ),
    "a-stranger-got-an-order": (
        having_seen(intrusions=(Intrusion("view-others-order", "t1", 200),)),
        {"others-kept-out"},
    ),
    "an-expired-token-was-taken": (
        having_seen(intrusions=(Intrusion("expired-token", "t1", 200),)),
        {"others-kept-out"},
    ),
    "a-deposit-was-made-twice-and-told-twice": (
        replace(
            posted(RIGHT, "d5", "deposit", "k4", CASH, "bob", 30),
            clients=having_seen(deposits=(Seen("k4", "d2", 201, True), Seen("k4", "d5", 201, True))).clients,
        ),
        {"deposits-acknowledged"},
    ),
    "an-acknowledged-order-is-gone": (
        with_orders_seen(Seen("k9", "o9", 201, True)),
        {"orders-acknowledged"},
    ),
    "an-acknowledged-order-has-another-id": (
        with_orders_seen(Seen("k1", "o9", 201, True)),
        {"orders-acknowledged"},
    ),
    "an-acknowledged-order-failed": (
        with_orders_seen(Seen("k2", "o2", 201, True)),
        {"orders-acknowledged"},
    ),
    "one-key-made-two-orders": (
        with_orders(replace(DECLINED, key="k1")),
        {"orders-acknowledged"},
    ),
    "a-refused-order-was-confirmed": (
        with_orders_seen(Seen("k1", "", 409, True)),
        {"orders-acknowledged"},
    ),
    "an-unanswered-key-made-two-orders": (
        with_orders(replace(DECLINED, key="k3")),
        {"unknown-orders-once"},
    ),
    "an-acknowledged-deposit-is-gone": (
        with_deposits_seen(Seen("k4", "d2", 201, True), Seen("k6", "d6", 201, True)),
        {"deposits-acknowledged"},
    ),
    "a-deposit-that-nobody-made": (with_deposits_seen(), {"deposits-acknowledged"}),
    "a-refused-deposit-was-made": (
        with_deposits_seen(Seen("k4", "", 422, True)),
        {"deposits-acknowledged"},
    ),
    "an-unanswered-deposit-was-made-twice": (
        posted(
            posted(RIGHT, "d5", "deposit", "k5", CASH, "bob", 1),
            "d6",
            "deposit",
            "k5",
            CASH,
            "bob",
            1,
        ),
        {"deposits-acknowledged"},
    ),
    "an-opening-deposit-was-made-twice": (
        posted(RIGHT, "d5", "deposit", "populate-alice", CASH, "alice", 500),
        {"deposits-acknowledged"},
    ),
    "an-opening-deposit-is-smaller": (
        replace(RIGHT, opening_deposits={"populate-alice": 501}),
        {"deposits-acknowledged"},
    ),
}


@pytest.mark.parametrize("books,red", BUGS.values(), ids=BUGS.keys())
def test_a_seeded_bug_turns_its_equation_red_and_no_other(books: Books, red: set[str]) -> None:
    assert failing(books) == red


def test_every_equation_has_a_seeded_bug() -> None:
    named = {equation(RIGHT).name for equation in EQUATIONS}
    assert named == set().union(*(red for _, red in BUGS.values()))


@pytest.mark.parametrize(
    "clients",
    [
        Clients(orders=(Seen("k3", "", None, False),)),
        Clients(orders=(Seen("k9", "", None, False),)),
        Clients(orders=(Seen("k3", "", 503, False),)),
    ],
    ids=["done", "not-done", "wrong-answer"],
)
def test_an_unknown_outcome_may_be_one_order_or_none(clients: Clients) -> None:
    assert acknowledged.unknown_orders_once(replace(RIGHT, clients=clients)).verdict == "PASS"


def test_an_order_whose_cancelling_got_no_answer_may_be_cancelled_or_not() -> None:
    for order in (CANCELLED, replace(CANCELLED, step="confirmed", cancel_key=None)):
        books = replace(with_orders(order), clients=having_seen(cancellations=(Seen("k7", "", None, False),)).clients)
        assert acknowledged.cancellations_acknowledged(books).verdict == "PASS"


def test_a_registration_without_an_answer_may_have_made_a_user_or_not() -> None:
    unanswered = having_seen(registrations=(Seen("", "", None, False),))
    for users in ((ALICE, BOB), (ALICE, BOB, CAROL)):
        assert acknowledged.users_unique(replace(unanswered, users=users)).verdict == "PASS"


def test_an_unanswered_deposit_may_have_been_made() -> None:
    books = posted(RIGHT, "d5", "deposit", "k5", CASH, "bob", 1)
    assert acknowledged.deposits_acknowledged(books).verdict == "PASS"


@pytest.mark.parametrize(
    "equation",
    [
        acknowledged.orders_acknowledged,
        acknowledged.unknown_orders_once,
        acknowledged.cancellations_acknowledged,
        acknowledged.deposits_acknowledged,
        acknowledged.users_unique,
        acknowledged.others_kept_out,
    ],
    ids=lambda equation: equation.__name__,
)
def test_without_samples_what_clients_saw_is_inconclusive(equation: Callable[[Books], Finding]) -> None:
    finding = equation(replace(RIGHT, clients=None, absent="No samples were given."))
    assert (finding.verdict, "No samples were given." in finding.reason) == ("INCONCLUSIVE", True)


@pytest.mark.parametrize(
    "equation",
    [equations.stock_adds_up, acknowledged.deposits_acknowledged, acknowledged.users_unique],
    ids=lambda equation: equation.__name__,
)
def test_without_an_opening_what_starts_from_it_is_inconclusive(equation: Callable[[Books], Finding]) -> None:
    books = replace(RIGHT, opening_stock=None, opening_deposits=None, opening_users=None)
    assert equation(books).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("equation", [equations.feed_exactly_once, acknowledged.users_unique])
def test_a_store_that_the_stack_does_not_name_is_inconclusive(equation: Callable[[Books], Finding]) -> None:
    assert equation(replace(RIGHT, feed=None, users=None)).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.__name__)
def test_nothing_to_look_at_is_never_a_pass_but_where_nothing_is_the_claim(
    equation: Callable[[Books], Finding],
) -> None:
    empty = Books(opening_stock={}, opening_deposits={}, opening_users=frozenset(), clients=Clients())
    claims_nothing = {acknowledged.unknown_orders_once, acknowledged.others_kept_out}
    expected = "PASS" if equation in claims_nothing else "INCONCLUSIVE"
    assert equation(empty).verdict == expected


def test_a_product_sold_beyond_its_stock_counts_once() -> None:
    books = replace(RIGHT, stock=(StockRow("lamp", -1, 0),), opening_stock={"lamp": 1})
    assert equations.nothing_oversold(books).reason == "1 of 1 products: lamp: 2 sold of 1, -1 on hand"


def test_more_sold_than_there_was_is_seen_though_pieces_lie_there() -> None:
    books = replace(RIGHT, stock=(StockRow("lamp", 1, 0),), opening_stock={"lamp": 1})
    assert equations.nothing_oversold(books).verdict == "FAIL"


def test_a_failure_counts_all_and_shows_some() -> None:
    orders = tuple(replace(BOUGHT, id=f"x{number}", step="commit") for number in range(9))
    document = equations.nothing_stuck(replace(RIGHT, orders=orders)).document()
    assert (document["value"], document["limit"], len(document["examples"])) == (9, 0, 5)  # type: ignore[arg-type] # a list

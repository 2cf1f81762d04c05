"""Each equation: green on right books, red on each seeded bug, and no other equation red where the bug is its alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet.hooks import equations
from fleet.hooks.books import Books, Clients, OrderRow, PostingRow, Seen, StockRow, TransferRow
from fleet.hooks.equations import EQUATIONS, Finding
from fleet.payments.model import CASH, SALES

BOUGHT = OrderRow("o1", "alice", "k1", "lamp", 2, 50, "confirmed")
DECLINED = OrderRow("o2", "bob", "k2", "lamp", 1, 50, "failed")
UNKNOWN = OrderRow("o3", "alice", "k3", "oar", 1, 10, "confirmed")


def transfer(name: str, kind: str, reference: str, source: str, target: str, amount: int) -> Books:
    legs = (PostingRow(name, source, -amount), PostingRow(name, target, amount))
    return Books(transfers=(TransferRow(name, kind, reference),), postings=legs)


LEDGER = (
    transfer("d1", "deposit", "populate-alice", CASH, "alice", 500),
    transfer("d2", "deposit", "k4", CASH, "bob", 30),
    transfer("c1", "charge", "o1", "alice", SALES, 100),
    transfer("c3", "charge", "o3", "alice", SALES, 10),
)
RIGHT = Books(
    orders=(BOUGHT, DECLINED, UNKNOWN),
    accounts={CASH: -530, SALES: 110, "alice": 390, "bob": 30},
    transfers=tuple(row for part in LEDGER for row in part.transfers),
    postings=tuple(row for part in LEDGER for row in part.postings),
    stock=(StockRow("lamp", 8, 0), StockRow("oar", 4, 0)),
    opening_stock={"lamp": 10, "oar": 5},
    opening_deposits={"populate-alice": 500},
    clients=Clients(
        orders=(Seen("k1", "o1", 201, True), Seen("k2", "", 402, True), Seen("k3", "", None, False)),
        deposits=(Seen("k4", "d2", 201, True), Seen("k5", "", None, False)),
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
    return replace(RIGHT, orders=orders)


def with_stock(**pieces: tuple[int, int]) -> Books:
    return replace(RIGHT, stock=tuple(StockRow(name, *counts) for name, counts in pieces.items()))


def with_orders_seen(*seen: Seen) -> Books:
    assert RIGHT.clients is not None
    return replace(RIGHT, clients=replace(RIGHT.clients, orders=seen))


def with_deposits_seen(*seen: Seen) -> Books:
    assert RIGHT.clients is not None
    return replace(RIGHT, clients=replace(RIGHT.clients, deposits=seen))


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
        with_orders(replace(BOUGHT, subject="bob"), DECLINED, UNKNOWN),
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
        with_orders(BOUGHT, replace(DECLINED, step="release"), UNKNOWN),
        {"nothing-stuck"},
    ),
    "a-key-is-in-flight": (replace(RIGHT, in_flight=("k9",)), {"nothing-stuck"}),
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
        with_orders(BOUGHT, replace(DECLINED, key="k1"), UNKNOWN),
        {"orders-acknowledged"},
    ),
    "a-refused-order-was-confirmed": (
        with_orders_seen(Seen("k1", "", 409, True)),
        {"orders-acknowledged"},
    ),
    "an-unanswered-key-made-two-orders": (
        with_orders(BOUGHT, replace(DECLINED, key="k3"), UNKNOWN),
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
    assert equations.unknown_orders_once(replace(RIGHT, clients=clients)).verdict == "PASS"


def test_an_unanswered_deposit_may_have_been_made() -> None:
    books = posted(RIGHT, "d5", "deposit", "k5", CASH, "bob", 1)
    assert equations.deposits_acknowledged(books).verdict == "PASS"


@pytest.mark.parametrize(
    "equation",
    [equations.orders_acknowledged, equations.unknown_orders_once, equations.deposits_acknowledged],
    ids=lambda equation: equation.__name__,
)
def test_without_samples_what_clients_saw_is_inconclusive(equation: Callable[[Books], Finding]) -> None:
    finding = equation(replace(RIGHT, clients=None, absent="No samples were given."))
    assert (finding.verdict, "No samples were given." in finding.reason) == ("INCONCLUSIVE", True)


@pytest.mark.parametrize(
    "equation", [equations.stock_adds_up, equations.deposits_acknowledged], ids=lambda equation: equation.__name__
)
def test_without_an_opening_what_starts_from_it_is_inconclusive(equation: Callable[[Books], Finding]) -> None:
    assert equation(replace(RIGHT, opening_stock=None, opening_deposits=None)).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.__name__)
def test_nothing_to_look_at_is_never_a_pass_but_where_nothing_is_the_claim(
    equation: Callable[[Books], Finding],
) -> None:
    empty = Books(opening_stock={}, opening_deposits={}, clients=Clients())
    expected = "PASS" if equation is equations.unknown_orders_once else "INCONCLUSIVE"
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

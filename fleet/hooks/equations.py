"""The shop's equations: rows in, findings out, nothing else.

Each looks at the books from outside the code that wrote them. A ledger that sums to zero proves little (a double
charge balances too), so charges are compared with orders, stock with what was sold, the feed with what became of orders.
Leaves to `acknowledged` what is compared with the clients' own history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from fleet.hooks.acknowledged import (
    cancellations_acknowledged,
    deposits_acknowledged,
    orders_acknowledged,
    others_kept_out,
    unknown_orders_once,
    users_unique,
)
from fleet.hooks.books import Books, EntryRow
from fleet.hooks.findings import Finding, judged
from fleet.orders.model import OrderStatus
from fleet.payments.model import CASH, Kind

UNSETTLED = frozenset({OrderStatus.PENDING, OrderStatus.CANCELLING})
# What the feed shows of an order of each status; a cancelled one was confirmed before.
SHOWN = {
    OrderStatus.PENDING: (),
    OrderStatus.CONFIRMED: ("order.confirmed",),
    OrderStatus.FAILED: ("order.failed",),
    OrderStatus.CANCELLING: ("order.confirmed",),
    OrderStatus.CANCELLED: ("order.confirmed", "order.cancelled"),
}


def net_charges_per_order(books: Books) -> Finding:
    """What each customer paid for an order is its price x quantity while it is confirmed, else nothing."""
    reference = {transfer.id: transfer.reference for transfer in books.transfers if transfer.kind != Kind.DEPOSIT}
    paid: Counter[tuple[str, str]] = Counter()
    for posting in books.postings:
        if posting.transfer_id in reference:
            paid[reference[posting.transfer_id], posting.account_id] -= posting.amount
    settled = [order for order in books.orders if order.status not in UNSETTLED]
    due = {
        order.id: order.quantity * order.unit_price if order.status == OrderStatus.CONFIRMED else 0 for order in settled
    }
    broken = [
        f"order {order.id} ({order.status}) was charged {paid[order.id, order.subject]} instead of {due[order.id]}"
        for order in settled
        if paid[order.id, order.subject] != due[order.id]
    ]
    strangers = sorted(set(reference.values()) - {order.id for order in books.orders})
    broken += [f"money moved for {stranger}, which is no order" for stranger in strangers]
    return judged("net-charges-per-order", broken, len(settled), "settled orders")


def transfers_balance(books: Books) -> Finding:
    """The legs of every transfer sum to zero, and there is no leg without a transfer."""
    sums: dict[str, int] = dict.fromkeys((transfer.id for transfer in books.transfers), 0)
    legs: Counter[str] = Counter()
    for posting in books.postings:
        sums[posting.transfer_id] = sums.get(posting.transfer_id, 0) + posting.amount
        legs[posting.transfer_id] += 1
    known = {transfer.id for transfer in books.transfers}
    broken = [f"transfer {name} sums to {total}" for name, total in sums.items() if total]
    broken += [f"transfer {name} has {legs[name]} legs" for name in sums if name not in known or legs[name] < 2]  # noqa: PLR2004 - double entry
    return judged("transfers-balance", broken, len(sums), "transfers")


def balances_match_postings(books: Books) -> Finding:
    """The kept balance of every account is the sum of its postings."""
    sums: Counter[str] = Counter()
    for posting in books.postings:
        sums[posting.account_id] += posting.amount
    names = books.accounts.keys() | sums.keys()
    broken = [
        f"account {name} says {books.accounts.get(name)}, its postings {sums[name]}"
        for name in sorted(names)
        if books.accounts.get(name) != sums[name]
    ]
    return judged("balances-match-postings", broken, len(names), "accounts")


def no_negative_account(books: Books) -> Finding:
    """No account is below zero but the one that money comes from."""
    others = {name: balance for name, balance in books.accounts.items() if name != CASH}
    broken = [f"account {name} is at {balance}" for name, balance in others.items() if balance < 0]
    return judged("no-negative-account", broken, len(others), "accounts")


def stock_adds_up(books: Books) -> Finding:
    """Opening stock less the pieces of confirmed orders is what lies there, per product."""
    if books.opening_stock is None:
        return Finding("stock-adds-up", "INCONCLUSIVE", f"The opening stock is not known: {books.absent}")
    sold = _sold(books)
    lying = {row.product_id: row.on_hand for row in books.stock}
    products = books.opening_stock.keys() | lying.keys() | sold.keys()
    broken = [
        f"{product}: {books.opening_stock.get(product, 0)} - {sold[product]} sold, but {lying.get(product, 0)} on hand"
        for product in sorted(products)
        if books.opening_stock.get(product, 0) - sold[product] != lying.get(product, 0)
    ]
    return judged("stock-adds-up", broken, len(products), "products")


def nothing_oversold(books: Books) -> Finding:
    """No more was sold than there was; the sum alone would not show it, as stock can go below zero."""
    sold, opening = _sold(books), books.opening_stock or {}
    broken = [
        f"{row.product_id}: {sold[row.product_id]} sold of {opening.get(row.product_id, '?')}, {row.on_hand} on hand"
        for row in books.stock
        if row.on_hand < 0 or sold[row.product_id] > opening.get(row.product_id, sold[row.product_id])
    ]
    return judged("nothing-oversold", broken, len(books.stock), "products")


def nothing_reserved(books: Books) -> Finding:
    """When all is quiet no piece is promised to anybody."""
    broken = [f"{row.product_id}: {row.reserved} reserved" for row in books.stock if row.reserved]
    broken += [f"reservation {name} is open" for name in books.reservations_open]
    return judged("nothing-reserved", broken, len(books.stock), "products")


def nothing_stuck(books: Books) -> Finding:
    """Every order has come to an end, so has every request with a key, and whatever happened has been told."""
    broken = [f"order {order.id} waits at {order.step}" for order in books.orders if order.status in UNSETTLED]
    broken += [f"key {key} is in flight" for key in books.in_flight]
    broken += [f"event {event.event_id} waits to be told" for event in books.outbox]
    return judged("nothing-stuck", broken, len(books.orders), "orders")


def feed_exactly_once(books: Books) -> Finding:
    """Every end that an order came to is in the feed of its customer, once, and nothing else is in any feed."""
    name = "feed-exactly-once"
    if books.feed is None:
        return Finding(name, "INCONCLUSIVE", f"The feed is not known: {books.absent}")
    due = Counter((order.id, order.subject, kind) for order in books.orders for kind in SHOWN[order.status])
    shown = Counter(map(_shown, books.feed))
    waiting = set(map(_shown, books.outbox))
    broken = [
        f"{kind} of order {order} is in the feed of {user} {shown[order, user, kind]} times instead of "
        f"{due[order, user, kind]}{', and waits to be told' if (order, user, kind) in waiting else ''}"
        for order, user, kind in sorted(due.keys() | shown.keys())
        if shown[order, user, kind] != due[order, user, kind]
    ]
    return judged(name, broken, len(due.keys() | shown.keys()), "events")


def _shown(entry: EntryRow) -> tuple[str, str, str]:
    return entry.order_id, entry.user_id, entry.kind


def _sold(books: Books) -> Counter[str]:
    sold: Counter[str] = Counter()
    for order in books.orders:
        # While it is being cancelled the pieces are not back yet.
        if order.status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLING}:
            sold[order.product_id] += order.quantity
    return sold


EQUATIONS: tuple[Callable[[Books], Finding], ...] = (
    net_charges_per_order,
    transfers_balance,
    balances_match_postings,
    no_negative_account,
    stock_adds_up,
    nothing_oversold,
    nothing_reserved,
    nothing_stuck,
    feed_exactly_once,
    orders_acknowledged,
    unknown_orders_once,
    cancellations_acknowledged,
    deposits_acknowledged,
    users_unique,
    others_kept_out,
)

"""The shop's equations: rows in, findings out, nothing else.

Each looks at the books from outside the code that wrote them. A ledger that sums to zero proves little (a double
charge balances too), so charges are compared with orders, orders with what clients saw, stock with what was sold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fleet.hooks.books import Books, OrderRow, Seen
from fleet.orders.model import OrderStatus
from fleet.payments.model import CASH, Kind

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` counts what breaks the equation; the limit is none of them."""

    name: str
    verdict: str
    reason: str
    value: int | None = None
    examples: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As the harness takes it."""
        limit = None if self.value is None else 0
        return {
            "name": self.name,
            "verdict": self.verdict,
            "reason": self.reason,
            "value": self.value,
            "limit": limit,
            "examples": list(self.examples),
        }


def judged(name: str, broken: Iterable[str], looked_at: int, things: str) -> Finding:
    """PASS when nothing is broken, FAIL with examples otherwise; INCONCLUSIVE when there was nothing to look at."""
    wrong = list(broken)
    if wrong:
        shown = "; ".join(wrong[:EXAMPLES])
        return Finding(
            name, "FAIL", f"{len(wrong)} of {looked_at} {things}: {shown}", len(wrong), tuple(wrong[:EXAMPLES])
        )
    if not looked_at:
        return Finding(name, "INCONCLUSIVE", f"There were no {things} to look at.")
    return Finding(name, "PASS", f"All {looked_at} {things} hold.", 0)


def net_charges_per_order(books: Books) -> Finding:
    """What each customer paid for an order is its price x quantity if it was confirmed, else nothing."""
    reference = {transfer.id: transfer.reference for transfer in books.transfers if transfer.kind != Kind.DEPOSIT}
    paid: Counter[tuple[str, str]] = Counter()
    for posting in books.postings:
        if posting.transfer_id in reference:
            paid[reference[posting.transfer_id], posting.account_id] -= posting.amount
    settled = [order for order in books.orders if order.status != OrderStatus.PENDING]
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
    """Every order has come to an end, and so has every request with a key."""
    broken = [
        f"order {order.id} waits at {order.step}" for order in books.orders if order.status == OrderStatus.PENDING
    ]
    broken += [f"key {key} is in flight" for key in books.in_flight]
    return judged("nothing-stuck", broken, len(books.orders), "orders")


def orders_acknowledged(books: Books) -> Finding:
    """Each order that a client saw confirmed is exactly one confirmed order; each refused one is none."""
    name = "orders-acknowledged"
    if books.clients is None:
        return Finding(name, "INCONCLUSIVE", f"What clients saw is not known: {books.absent}")
    by_key: defaultdict[str, list[OrderRow]] = defaultdict(list)
    for order in books.orders:
        by_key[order.key].append(order)
    settled = [seen for seen in books.clients.orders if seen.acknowledged or seen.settled]
    return judged(name, _misremembered(settled, by_key), len(settled), "answered orders")


def _misremembered(settled: Iterable[Seen], by_key: Mapping[str, list[OrderRow]]) -> Iterable[str]:
    for seen in settled:
        orders = by_key.get(seen.key, [])
        confirmed = [order.id for order in orders if order.status == OrderStatus.CONFIRMED]
        if seen.acknowledged and (confirmed != [seen.ref] or len(orders) != 1):
            yield f"key {seen.key} was told {seen.ref}, and has {[order.id for order in orders]}"
        elif not seen.acknowledged and confirmed:
            yield f"key {seen.key} was refused ({seen.status}), and has {confirmed}"


def unknown_orders_once(books: Books) -> Finding:
    """A key whose client does not know the outcome has no order or one."""
    name = "unknown-orders-once"
    if books.clients is None:
        return Finding(name, "INCONCLUSIVE", f"What clients saw is not known: {books.absent}")
    counts = Counter(order.key for order in books.orders)
    unknown = [seen.key for seen in books.clients.orders if not (seen.acknowledged or seen.settled)]
    broken = [f"key {key} has {counts[key]} orders" for key in unknown if counts[key] > 1]
    if not unknown:
        return Finding(name, "PASS", "No client was left without an answer.", 0)
    return judged(name, broken, len(unknown), "unanswered orders")


def deposits_acknowledged(books: Books) -> Finding:
    """The ledger's deposits are those that clients saw acknowledged, each once; unknown outcomes once or not at all."""
    name = "deposits-acknowledged"
    if books.clients is None or books.opening_deposits is None:
        return Finding(name, "INCONCLUSIVE", f"What clients saw is not known: {books.absent}")
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for transfer in books.transfers:
        if transfer.kind == Kind.DEPOSIT:
            ids[transfer.reference].append(transfer.id)
    history = {seen.key: seen for seen in books.clients.deposits}
    broken = [*_deposits_amiss(ids, history, books.opening_deposits), *_amounts_amiss(books, ids)]
    return judged(name, broken, len(ids.keys() | history.keys() | books.opening_deposits.keys()), "deposits")


def _deposits_amiss(
    ids: Mapping[str, list[str]], history: Mapping[str, Seen], opening: Mapping[str, int]
) -> Iterable[str]:
    for key in sorted(ids.keys() | history.keys() | opening.keys()):
        made, seen = ids.get(key, []), history.get(key)
        if key in opening:
            if len(made) != 1:
                yield f"the opening deposit {key} is there {len(made)} times"
        elif seen is None:
            yield f"nobody knows of the deposit {key}"
        elif seen.acknowledged and made != [seen.ref]:
            yield f"deposit {key} was told {seen.ref}, and is {made}"
        elif len(made) > (0 if seen.settled and not seen.acknowledged else 1):
            yield f"deposit {key} was answered {seen.status}, and is there {len(made)} times"


def _amounts_amiss(books: Books, ids: Mapping[str, list[str]]) -> Iterable[str]:
    """Opening deposits whose amount is known to differ; the load's rows do not tell amounts."""
    incoming = {posting.transfer_id: posting.amount for posting in books.postings if posting.account_id != CASH}
    for key, amount in (books.opening_deposits or {}).items():
        for transfer in ids.get(key, []):
            if incoming.get(transfer) != amount:
                yield f"the opening deposit {key} is {incoming.get(transfer)} instead of {amount}"


def _sold(books: Books) -> Counter[str]:
    sold: Counter[str] = Counter()
    for order in books.orders:
        if order.status == OrderStatus.CONFIRMED:
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
    orders_acknowledged,
    unknown_orders_once,
    deposits_acknowledged,
)

"""The equations about what clients were told: rows and their own history in, findings out.

One key may have been sent several times; what one answer left open, another may have settled (see `Told`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from fleet.hooks.books import Books, Clients, OrderRow, Told, UserRow
from fleet.hooks.findings import Finding, judged
from fleet.orders.model import OrderStatus
from fleet.payments.model import CASH, Kind

STOOD = frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLING, OrderStatus.CANCELLED})
UNDONE = frozenset({OrderStatus.CANCELLING, OrderStatus.CANCELLED})


def orders_acknowledged(books: Books) -> Finding:
    """Each order that a client saw confirmed is exactly one order that stood; each refused one is none."""
    name = "orders-acknowledged"
    if books.clients is None:
        return _unknown(name, books)
    by_key: defaultdict[str, list[OrderRow]] = defaultdict(list)
    for order in books.orders:
        by_key[order.key].append(order)
    answered = {key: told for key, told in Told.by_key(books.clients.orders).items() if told.answered}
    return judged(name, _misremembered(answered, by_key), len(answered), "answered orders")


def _misremembered(answered: Mapping[str, Told], by_key: Mapping[str, list[OrderRow]]) -> Iterable[str]:
    for key, told in answered.items():
        orders = by_key.get(key, [])
        stood = [order.id for order in orders if order.status in STOOD]
        if told.contrary:
            yield f"key {key} was told {_listed(told)}"
        elif told.refs and (stood != [*told.refs] or len(orders) != 1):
            yield f"key {key} was told {_listed(told)}, and has {[order.id for order in orders]}"
        elif told.refusals and stood:
            yield f"key {key} was refused ({_listed(told)}), and has {stood}"


def unknown_orders_once(books: Books) -> Finding:
    """A key whose client does not know the outcome has no order or one."""
    name = "unknown-orders-once"
    if books.clients is None:
        return _unknown(name, books)
    counts = Counter(order.key for order in books.orders)
    unknown = [key for key, told in Told.by_key(books.clients.orders).items() if not told.answered]
    broken = [f"key {key} has {counts[key]} orders" for key in unknown if counts[key] > 1]
    if not unknown:
        return Finding(name, "PASS", "No client was left without an answer.", 0)
    return judged(name, broken, len(unknown), "unanswered orders")


def cancellations_acknowledged(books: Books) -> Finding:
    """Each order that a client saw cancelled is, and no order is cancelled that nobody wanted cancelled."""
    name = "cancellations-acknowledged"
    if books.clients is None:
        return _unknown(name, books)
    history = Told.by_key(books.clients.cancellations)
    undone = {order.cancel_key: order for order in books.orders if order.status in UNDONE}
    broken = [
        f"order {order.id} is {order.status}, which nobody wanted"
        for key, order in undone.items()
        if key not in history
    ]
    broken += [wrong for key, told in history.items() for wrong in _not_undone(key, told, undone.get(key))]
    return judged(name, broken, len(books.orders), "orders")


def _not_undone(key: str, told: Told, order: OrderRow | None) -> Iterable[str]:
    if told.contrary:
        yield f"cancelling {key} was told {_listed(told)}"
    elif told.refs and (order is None or order.id not in told.refs or order.status != OrderStatus.CANCELLED):
        yield f"cancelling {key} was told {_listed(told)}, and {f'is {order.id} ({order.status})' if order else 'is none'}"
    elif told.refusals and order is not None:
        yield f"cancelling {key} was refused ({_listed(told)}), and order {order.id} is {order.status}"


def deposits_acknowledged(books: Books) -> Finding:
    """The ledger's deposits are those that clients saw acknowledged, each once; unknown outcomes once or not at all."""
    name = "deposits-acknowledged"
    if books.clients is None or books.opening_deposits is None:
        return _unknown(name, books)
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for transfer in books.transfers:
        if transfer.kind == Kind.DEPOSIT:
            ids[transfer.reference].append(transfer.id)
    history = Told.by_key(books.clients.deposits)
    broken = [*_deposits_amiss(ids, history, books.opening_deposits), *_amounts_amiss(books, ids)]
    return judged(name, broken, len(ids.keys() | history.keys() | books.opening_deposits.keys()), "deposits")


def _deposits_amiss(
    ids: Mapping[str, list[str]], history: Mapping[str, Told], opening: Mapping[str, int]
) -> Iterable[str]:
    for key in sorted(ids.keys() | history.keys() | opening.keys()):
        made, told = ids.get(key, []), history.get(key)
        if key in opening:
            if len(made) != 1:
                yield f"the opening deposit {key} is there {len(made)} times"
        elif told is None:
            yield f"nobody knows of the deposit {key}"
        elif told.contrary or (told.refs and {*made} != told.refs):
            yield f"deposit {key} was told {_listed(told)}, and is {made}"
        elif len(made) > (0 if told.refusals else 1):
            yield f"deposit {key} was told {_listed(told) or 'nothing'}, and is there {len(made)} times"


def _amounts_amiss(books: Books, ids: Mapping[str, list[str]]) -> Iterable[str]:
    """Opening deposits whose amount is known to differ; the load's rows do not tell amounts."""
    incoming = {posting.transfer_id: posting.amount for posting in books.postings if posting.account_id != CASH}
    for key, amount in (books.opening_deposits or {}).items():
        for transfer in ids.get(key, []):
            if incoming.get(transfer) != amount:
                yield f"the opening deposit {key} is {incoming.get(transfer)} instead of {amount}"


def users_unique(books: Books) -> Finding:
    """Each registration that a client saw acknowledged is one account, no two are called alike, and nobody else is there."""
    name = "users-unique"
    if books.clients is None or books.users is None or books.opening_users is None:
        return _unknown(name, books)
    told = Counter(seen.ref for seen in books.clients.registrations if seen.acknowledged)
    broken = [f"{count} registrations were told {user}" for user, count in told.items() if count > 1]
    there = Counter(user.id for user in books.users)
    broken += [
        f"user {user} is there {there[user]} times"
        for user in sorted({*told, *books.opening_users})
        if there[user] != 1
    ]
    broken += [
        *_called_alike(books.users),
        *_uninvited(there.keys() - told.keys() - books.opening_users, books.clients),
    ]
    return judged(name, broken, len(books.users), "users")


def _called_alike(users: Iterable[UserRow]) -> Iterable[str]:
    by_look: defaultdict[str, list[str]] = defaultdict(list)
    for user in users:
        by_look[user.skeleton].append(user.name)
    return (f"{', '.join(names)} are called alike" for names in by_look.values() if len(names) > 1)


def _uninvited(strangers: set[str], clients: Clients) -> Iterable[str]:
    """A registration without an answer may have made an account or not; beyond these nobody may have come."""
    open_ = sum(1 for seen in clients.registrations if not (seen.acknowledged or seen.settled))
    if len(strangers) > open_:
        yield f"{len(strangers)} users whom nobody was told of, with {open_} registrations unanswered: {min(strangers)}"


def others_kept_out(books: Books) -> Finding:
    """Who asked for another customer's order, or with a token that had ended, got nothing. Nobody need have tried."""
    name = "others-kept-out"
    if books.clients is None:
        return _unknown(name, books)
    tried = books.clients.intrusions
    if not tried:
        return Finding(name, "PASS", "Nobody asked for what is not theirs.", 0)
    broken = [f"{each.step} was answered {each.status}, trace {each.trace}" for each in tried if each.let_in]
    return judged(name, broken, len(tried), "attempts")


def _unknown(name: str, books: Books) -> Finding:
    return Finding(name, "INCONCLUSIVE", f"What clients saw is not known: {books.absent}")


def _listed(told: Told) -> str:
    return ", ".join([*sorted(told.refs), *map(str, told.refusals)])

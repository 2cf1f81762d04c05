from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from fleet.kit.database import Database
from fleet.payments import store as ledger
from fleet.payments.model import CASH, SALES, Charge, ChargeState, Refusal
from fleet.payments.store import ACCOUNTS, POSTINGS, PaymentsStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PaymentsStore]:
    database = Database(f"sqlite:///{tmp_path}/payments.db")
    ledger.migrate(database)
    store = PaymentsStore(database)
    with database.write() as connection:
        ledger.deposit(connection, "alice", 100, key="opening")
    yield store
    database.close()


def run(store: PaymentsStore, step: Callable[[Connection], Charge | Refusal]) -> ChargeState | Refusal:
    with store.database.write() as connection:
        result = step(connection)
    return result if isinstance(result, Refusal) else result.state


def charge(store: PaymentsStore, name: str, amount: int, subject: str = "alice", *, twice: bool = False) -> object:
    return run(store, lambda connection: ledger.charge(connection, subject, name, amount, twice=twice))


def refund(store: PaymentsStore, name: str, subject: str = "alice") -> object:
    return run(store, lambda connection: ledger.refund(connection, subject, name))


def balances(store: PaymentsStore) -> dict[str, int]:
    with store.database.read() as connection:
        return {row.id: row.balance for row in connection.execute(select(ACCOUNTS))}


def sums_of_transfers(store: PaymentsStore) -> set[int]:
    total = func.sum(POSTINGS.c.amount)
    with store.database.read() as connection:
        return set(connection.execute(select(total).group_by(POSTINGS.c.transfer_id)).scalars())


def test_a_deposit_comes_from_outside(store: PaymentsStore) -> None:
    assert balances(store) == {CASH: -100, SALES: 0, "alice": 100}


def test_an_account_that_never_saw_money_is_empty(store: PaymentsStore) -> None:
    assert store.account("bob").balance == 0


def test_a_charge_goes_to_the_sales(store: PaymentsStore) -> None:
    assert charge(store, "o1", 100) is ChargeState.CHARGED
    assert balances(store) == {CASH: -100, SALES: 100, "alice": 0}


@pytest.mark.parametrize("subject", ["alice", "bob"], ids=["too-little", "no-account"])
def test_a_charge_beyond_the_balance_is_declined_and_changes_nothing(store: PaymentsStore, subject: str) -> None:
    before = balances(store)
    assert charge(store, "o1", 101, subject) is Refusal.DECLINED
    assert balances(store) == before


def test_a_refund_gives_all_back(store: PaymentsStore) -> None:
    charge(store, "o1", 60)
    assert refund(store, "o1") is ChargeState.REFUNDED
    assert balances(store) == {CASH: -100, SALES: 0, "alice": 100}


@pytest.mark.parametrize(
    "steps,expected,left",
    [
        (["charge", "charge"], ChargeState.CHARGED, 40),
        (["charge", "refund", "refund"], ChargeState.REFUNDED, 100),
        (["charge", "refund", "charge"], Refusal.OTHER_CHARGE, 100),
        (["refund", "refund"], ChargeState.VOID, 100),
        (["refund", "charge"], Refusal.OTHER_CHARGE, 100),
    ],
    ids=["charge-again", "refund-again", "charge-after-refund", "void-again", "late-charge-is-barred"],
)
def test_a_step_after_a_step(store: PaymentsStore, steps: list[str], expected: object, left: int) -> None:
    taking = {"charge": lambda: charge(store, "o1", 60), "refund": lambda: refund(store, "o1")}
    results = [taking[step]() for step in steps]
    assert (results[-1], balances(store)["alice"]) == (expected, left)


def test_the_same_charge_with_another_amount_is_refused(store: PaymentsStore) -> None:
    charge(store, "o1", 60)
    assert charge(store, "o1", 30) is Refusal.OTHER_CHARGE


def test_nobody_refunds_anothers_charge(store: PaymentsStore) -> None:
    charge(store, "o1", 60)
    assert refund(store, "o1", "bob") is Refusal.OTHER_CHARGE
    assert balances(store)["alice"] == 40


def test_every_transfer_balances(store: PaymentsStore) -> None:
    charge(store, "o1", 60)
    refund(store, "o1")
    charge(store, "o2", 50, twice=True)
    assert sums_of_transfers(store) == {0}


def test_the_seeded_bug_charges_twice_where_the_account_can_bear_it(store: PaymentsStore) -> None:
    charge(store, "o1", 40, twice=True)
    charge(store, "o2", 15, twice=True)
    assert balances(store)["alice"] == 5


def test_threads_never_spend_the_same_money(store: PaymentsStore) -> None:
    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(lambda number: charge(store, f"o{number}", 10), range(32)))
    assert (results.count(ChargeState.CHARGED), balances(store)["alice"]) == (10, 0)

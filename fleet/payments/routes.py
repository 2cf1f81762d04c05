"""The payments' views: a customer's own account, and charges for services whose token has the scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from sqlalchemy import Connection

from fleet.kit import auth
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict, PaymentRequired, ProblemError
from fleet.kit.idempotency import Claim, IdempotencyHeader, Records, Reply, claim, once
from fleet.kit.tokens import Verifier
from fleet.payments import store as ledger
from fleet.payments.model import (
    Account,
    Charge,
    ChargePath,
    ChargeState,
    Deposit,
    Kind,
    NewCharge,
    NewDeposit,
    NewRefund,
    Refusal,
)
from fleet.payments.store import RECORDS, PaymentsStore

CHARGE_TWICE, REFUND_TWICE = "charge-twice", "refund-twice"
ACCOUNT, CHARGES = "account", "charges"  # scopes


class PaymentDeclined(PaymentRequired):
    """The account holds less than the price."""

    slug, title = "payment-declined", "Payment declined"


def account_routes(store: PaymentsStore, kit: Kit, verifier: Verifier) -> APIBlueprint:
    """The caller's own account."""
    routes = APIBlueprint("accounts", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=ACCOUNT)
    records = Records(RECORDS)
    deposits = kit.metrics.counter("ledger_transfers_total").labels(transfer_kind=Kind.DEPOSIT)

    @routes.get("/v1/accounts/me", summary="My balance", responses={200: Account})
    def view_account() -> Response:
        return Reply.of(store.account(auth.subject())).response()

    @routes.post("/v1/accounts/me/deposits", summary="Put money in", responses={201: Deposit})
    def deposit(header: IdempotencyHeader, body: NewDeposit) -> Response:
        claimed = claim(header, body)

        def effect(connection: Connection) -> Reply:
            made = ledger.deposit(connection, claimed.subject, body.amount, key=claimed.key)
            deposits.inc()
            return Reply.of(made, 201)

        return once(store.database, records, claimed, effect, *_about(claimed.subject))

    return routes


def charge_routes(store: PaymentsStore, kit: Kit, verifier: Verifier) -> APIBlueprint:
    """What other services ask; each is idempotent by key, and by the charge's state."""
    routes = APIBlueprint("charges", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=CHARGES)
    records = Records(RECORDS)
    counter = kit.metrics.counter("ledger_transfers_total")
    counted = {
        ChargeState.CHARGED: counter.labels(transfer_kind=Kind.CHARGE),
        ChargeState.REFUNDED: counter.labels(transfer_kind=Kind.REFUND),
    }

    def run(
        claimed: Claim, effect: Callable[[Connection], Charge | Refusal], status: int, about: Iterable[str]
    ) -> Response:
        def replied(connection: Connection) -> Reply:
            result = effect(connection)
            if isinstance(result, Refusal):
                return Reply.refusal(problem(result))
            if result.state in counted:
                counted[result.state].inc()
            return Reply.of(result, status)

        return once(store.database, records, claimed, replied, *about)

    @routes.post("/v1/charges", summary="Take an order's price", responses={201: Charge, 402: None})
    def charge(header: IdempotencyHeader, body: NewCharge) -> Response:
        claimed, twice = claim(header, body), kit.faults.active(CHARGE_TWICE)
        return run(
            claimed,
            lambda connection: ledger.charge(connection, body.account_id, body.charge_id, body.amount, twice=twice),
            201,
            _about(body.account_id, body.charge_id),
        )

    @routes.post("/v1/charges/<charge_id>/refund", summary="Give it back", responses={200: Charge})
    def refund(header: IdempotencyHeader, path: ChargePath, body: NewRefund) -> Response:
        claimed, twice = claim(header, body), kit.faults.active(REFUND_TWICE)
        return run(
            claimed,
            lambda connection: ledger.refund(connection, body.account_id, path.charge_id, twice=twice),
            200,
            _about(body.account_id, path.charge_id),
        )

    return routes


def _about(account: str, *charge: str) -> Iterator[str]:
    """Whose rows are looked at before they are written. The shop's own accounts are only ever added to."""
    yield f"account {account}"
    yield from (f"charge {each}" for each in charge)


def problem(refusal: Refusal) -> ProblemError:
    """A refusal as the problem that answers it."""
    if refusal is Refusal.DECLINED:
        return PaymentDeclined("The account holds less than the price.")
    return Conflict("The charge is another one, or in a state that does not allow this.")

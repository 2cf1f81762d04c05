"""The orders' calls to other services; those of the saga are each answered as an `Outcome`.

Keys downstream are the order's id and the step: a call sent again, by anyone, is the same call. The calls bear the
service's own token, since an order may have to be seen to its end when its customer has long gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from fleet.kit import auth
from fleet.kit.client import Answer, ServiceClient
from fleet.kit.credentials import ServiceTokens
from fleet.kit.errors import ClientError
from fleet.orders.model import UNAVAILABLE, UNDOING, Event, Order, Outcome, Result, Step

DEFAULT_ADDRESSES = {  # for a service started by hand
    **auth.DEFAULT_ADDRESSES,
    "catalog": ["127.0.0.1:8001"],
    "inventory": ["127.0.0.1:8002"],
    "payments": ["127.0.0.1:8004"],
    "activity": ["127.0.0.1:8006"],
}
UNDO_TRIES = 3  # with the same key; what is not undone now is taken up again later


@dataclass(frozen=True)
class Clients:
    """Ways to the services that an order needs."""

    catalog: ServiceClient
    inventory: ServiceClient
    payments: ServiceClient
    activity: ServiceClient
    tokens: ServiceTokens

    def price(self, product_id: str) -> int | None:
        """The product's price now, None when there is no such product.

        Raises:
            ClientError: the catalog gave no usable answer.
        """
        answer = self.catalog.get("/v1/products/{product_id}", path={"product_id": product_id}).expect(200, 404)
        return int(answer.json()["price"]) if answer.status == HTTPStatus.OK else None

    def call(self, order: Order) -> Result:
        """Take the order's step; undoing is tried up to `UNDO_TRIES` times, since what is not undone is stuck."""
        take = STEPS[order.step]
        result = Result(Outcome.UNKNOWN)
        for _ in range(UNDO_TRIES if order.step in UNDOING else 1):
            result = outcome(order.step, lambda: take(self, order))
            if result.outcome is not Outcome.UNKNOWN:
                break
        return result

    def tell(self, event: Event) -> None:
        """Put the event into the feed; again changes nothing.

        Raises:
            ClientError: it is not known to be there.
        """
        told = {"user_id": event.user_id, "kind": event.kind, "order_id": event.order_id, "at": event.at}
        path, headers = {"event_id": event.id}, self.tokens.headers(self.activity.callee)
        self.activity.request("PUT", "/v1/events/{event_id}", path=path, json=told, headers=headers).expect(200, 201)


def outcome(step: Step, send: Callable[[], Answer]) -> Result:
    """What a call came to. Only when nothing was sent, or the callee said no, is it certain that nothing was done."""
    try:
        answer = send()
    except ClientError as error:
        certain = not error.outcome_unknown and step not in UNDOING
        return Result(Outcome.REFUSED if certain else Outcome.UNKNOWN, UNAVAILABLE)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Result(Outcome.DONE)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Result(Outcome.UNKNOWN, UNAVAILABLE)
    if step in UNDOING and answer.status != HTTPStatus.CONFLICT:
        return Result(Outcome.UNKNOWN, UNAVAILABLE)  # a refused token, say, tells nothing of what is to be undone
    return Result(Outcome.REFUSED, slug(answer))


def slug(answer: Answer) -> str:
    """The last part of the problem's type, by which a refusal is known."""
    try:
        document = answer.json()
    except ClientError:
        return UNAVAILABLE
    kind = document.get("type", "") if isinstance(document, dict) else ""
    return str(kind).rsplit("/", 1)[-1] or UNAVAILABLE


def _post(clients: Clients, client: ServiceClient, template: str, order: Order, *, json: object = None) -> Answer:
    names = dict.fromkeys(("reservation_id", "charge_id"), order.id)
    key, headers = f"{order.id}.{order.step}", clients.tokens.headers(client.callee)
    return client.post(template, path=names, json=json, headers=headers, idempotency_key=key)


def _reserve(clients: Clients, order: Order) -> Answer:
    wanted = {"reservation_id": order.id, "product_id": order.product_id, "quantity": order.quantity}
    return _post(clients, clients.inventory, "/v1/reservations", order, json=wanted)


def _charge(clients: Clients, order: Order) -> Answer:
    wanted = {"charge_id": order.id, "account_id": order.subject, "amount": order.total}
    return _post(clients, clients.payments, "/v1/charges", order, json=wanted)


def _commit(clients: Clients, order: Order) -> Answer:
    return _post(clients, clients.inventory, "/v1/reservations/{reservation_id}/commit", order)


def _release(clients: Clients, order: Order) -> Answer:
    return _post(clients, clients.inventory, "/v1/reservations/{reservation_id}/release", order)


def _refund(clients: Clients, order: Order) -> Answer:
    return _post(clients, clients.payments, "/v1/charges/{charge_id}/refund", order, json={"account_id": order.subject})


def _restock(clients: Clients, order: Order) -> Answer:
    return _post(clients, clients.inventory, "/v1/reservations/{reservation_id}/return", order)


STEPS: dict[Step, Callable[[Clients, Order], Answer]] = {
    Step.RESERVE: _reserve,
    Step.CHARGE: _charge,
    Step.COMMIT: _commit,
    Step.WITHDRAW: _release,
    Step.REFUND: _refund,
    Step.RELEASE: _release,
    Step.UNCHARGE: _refund,
    Step.RESTOCK: _restock,
}

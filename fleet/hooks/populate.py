"""Fills the shop: keys, products and stock, customers with tokens, and their first deposits.

Products go straight into the stores, since the shop has no door for them; money goes through the public door, so
that the ledger holds nothing that no client has seen acknowledged. What `invariants` needs later is in populate.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import requests

from fleet.catalog.store import CatalogStore
from fleet.hooks.cast import Cast, Customer, draw
from fleet.hooks.documents import Document, HookError, replicas, run, store, write_json
from fleet.hooks.settings import PopulateSettings
from fleet.inventory.store import InventoryStore
from fleet.kit.database import Database
from fleet.kit.tokens import KeyPair, jwks

ENTRY = "gateway"
TIMEOUT = (2.0, 10.0)  # seconds: connect, read
Deposit = dict[str, object]
Door = Callable[[Customer, str, str], Deposit]


def populate(document: Document, *, door: Door | None = None) -> dict[str, object]:
    """Fill the shop that the document describes.

    Raises:
        HookError: a store or the gateway is missing, or a deposit was not acknowledged.
    """
    settings = PopulateSettings()
    seed = int(document.get("random_seed") or 0)
    folder = Path(document["run_dir"])
    cast, pair = draw(settings, seed), KeyPair.generate()
    write_json(folder / "jwks.json", jwks(pair))
    _fill(document, cast)
    life = settings.token_hours * 3600
    tokens = {customer.subject: pair.issue(customer.subject, life_seconds=life) for customer in cast.customers}
    door = door or public_door(replicas(document, ENTRY)[0].url)
    deposits = _deposit_all(door, cast.customers, tokens, settings.at_once)
    write_json(folder / "populate.json", opening(cast, seed, pair.kid, deposits))
    write_json(folder / "identities.json", identities(cast, tokens), mode=0o600)
    return {
        "identities": str(folder / "identities.json"),
        "customers": len(cast.customers),
        "poor": sum(customer.poor for customer in cast.customers),
        "products": len(cast.products),
        "scarce": len(cast.scarce),
        "deposits": len(deposits),
    }


def opening(cast: Cast, seed: int, kid: str, deposits: Iterable[Deposit]) -> dict[str, object]:
    """What the equations start from; no secrets."""
    return {"schema": 1, "seed": seed, "kid": kid, "opening_stock": cast.stock, "deposits": list(deposits)}


def identities(cast: Cast, tokens: dict[str, str]) -> dict[str, object]:
    """Whom the load may be, and what it may ask for; secret, since tokens are."""
    return {
        "identities": [
            {"subject": customer.subject, "token": tokens[customer.subject], "poor": customer.poor}
            for customer in cast.customers
        ],
        "products": [product.id for product in cast.products],
        "scarce": cast.scarce,
    }


def public_door(url: str) -> Door:
    """Deposits through the gateway at `url`; one connection per thread."""
    mine = local()

    def deposit(customer: Customer, token: str, key: str) -> Deposit:
        if not hasattr(mine, "session"):
            mine.session = requests.Session()
            mine.session.trust_env = False
        try:
            answer = mine.session.post(
                f"{url}/v1/accounts/me/deposits",
                json={"amount": customer.balance},
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
                timeout=TIMEOUT,
            )
        except requests.RequestException as error:
            raise HookError(f"The deposit of {customer.subject} got no answer: {error}.") from error
        if answer.status_code != requests.codes.created:
            raise HookError(f"The deposit of {customer.subject} was answered {answer.status_code}: {answer.text[:500]}")
        return {"key": key, "subject": customer.subject, "amount": customer.balance, "id": answer.json()["id"]}

    return deposit


def _fill(document: Document, cast: Cast) -> None:
    catalog, inventory = Database(store(document, "catalog")), Database(store(document, "inventory"))
    CatalogStore(catalog).add(cast.products)
    InventoryStore(inventory).fill(cast.stock)
    catalog.close()
    inventory.close()


def _deposit_all(door: Door, customers: list[Customer], tokens: dict[str, str], at_once: int) -> list[Deposit]:
    def one(customer: Customer) -> Deposit:
        return door(customer, tokens[customer.subject], f"populate-{customer.subject}")

    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(one, customers))


if __name__ == "__main__":
    run(populate)

"""Fills the shop: products and stock, and customers who register, log in and put money in.

Products go straight into the stores, since the shop has no door for them; customers come through the public door, so
that the books hold nothing that no client has seen acknowledged. What `invariants` needs later is in populate.json.
Passwords are made here and forgotten; tokens are in identities.json alone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from fleet.catalog.store import CatalogStore
from fleet.hooks.cast import Cast, Customer, draw
from fleet.hooks.documents import Document, HookError, replicas, run, store, write_json
from fleet.hooks.door import Deposit, Door, PublicDoor
from fleet.hooks.settings import PopulateSettings
from fleet.inventory.store import InventoryStore
from fleet.kit.database import Database
from fleet.kit.tokens import KeyPair
from fleet.users.model import SHOP_AUDIENCE, SHOP_SCOPE
from fleet.users.store import KEYS, USERS

ENTRY = "gateway"
EXPIRED = 2  # tokens that have ended; more would show nothing more
AGO = 3600  # seconds: how long ago they ended
LIFE = 600  # seconds: how long they had lived


@dataclass(frozen=True, slots=True)
class Member:
    """A customer who is in: the id that users gave, a token and when it ends (epoch seconds), and the first deposit."""

    customer: Customer
    subject: str
    token: str
    expires: int
    deposit: Deposit

    def identity(self) -> dict[str, object]:
        """As the load knows them."""
        return {
            "subject": self.subject,
            "token": self.token,
            "expires": self.expires,
            "poor": self.customer.poor,
        }


def populate(document: Document, *, door: Door | None = None) -> dict[str, object]:
    """Fill the shop that the document describes.

    Raises:
        HookError: a store or the gateway is missing, or somebody was turned away at the door.
    """
    settings = PopulateSettings()
    seed = int(document.get("random_seed") or 0)
    folder = Path(document["run_dir"])
    cast = draw(settings, seed)
    _fill(document, cast)
    door = door or PublicDoor(replicas(document, ENTRY)[0].url)
    with ThreadPoolExecutor(settings.at_once) as threads:
        members = list(threads.map(lambda customer: enrol(door, customer), cast.customers))
    users = Database(store(document, "users"))
    write_json(folder / "populate.json", opening(cast, seed, members))
    write_json(folder / "identities.json", identities(cast, members, expired(users, members)), mode=0o600)
    answer = {
        "identities": str(folder / "identities.json"),
        "customers": len(members),
        "poor": sum(customer.poor for customer in cast.customers),
        "products": len(cast.products),
        "scarce": len(cast.scarce),
        "deposits": len(members),
        "password_hash": password_hash(users),
    }
    users.close()
    return answer


def enrol(door: Door, customer: Customer) -> Member:
    """Register, log in and put money in.

    Raises:
        HookError: somebody said no, or nothing.
    """
    password = secrets.token_urlsafe(24)
    subject = door.register(customer.name, password)
    asked = time.time()  # before the token's life begins, so that it never ends earlier than is said here
    token, life = door.login(customer.name, password)
    deposit = door.deposit(token, customer.balance, f"populate-{customer.name}")
    return Member(customer, subject, token, int(asked) + life, deposit)


def opening(cast: Cast, seed: int, members: Sequence[Member]) -> dict[str, object]:
    """What the equations start from; no secrets."""
    return {
        "schema": 2,
        "seed": seed,
        "opening_stock": cast.stock,
        "deposits": [member.deposit | {"subject": member.subject} for member in members],
        "users": {member.subject: member.customer.name for member in members},
    }


def identities(cast: Cast, members: Sequence[Member], ended: list[str]) -> dict[str, object]:
    """Whom the load may be, and what it may ask for; secret, since tokens are."""
    return {
        "identities": [member.identity() for member in members],
        "products": [product.id for product in cast.products],
        "scarce": cast.scarce,
        "expired": ended,
    }


def expired(users: Database, members: Sequence[Member]) -> list[str]:
    """Tokens of real customers, signed with the key that signs theirs, that ended an hour ago.

    Raises:
        HookError: there is no key, though customers have logged in.
    """
    now = time.time()
    with users.read() as connection:
        signing = select(KEYS).where(KEYS.c.signs_from <= now).order_by(KEYS.c.signs_from.desc()).limit(1)
        key = connection.execute(signing).mappings().first()
    if key is None:
        raise HookError("The users' store holds no signing key; is it the store of the users that run?")
    pair = KeyPair.from_pem(key["kid"], key["private_key"])
    issue = partial(pair.issue, audience=SHOP_AUDIENCE, scope=SHOP_SCOPE, life_seconds=LIFE, now=now - AGO - LIFE)
    return [issue(member.subject) for member in members[:EXPIRED]]


def password_hash(users: Database) -> str:
    """The cost at which passwords are hashed, as the store has it: `argon2id m=19456 t=2 p=1`."""
    with users.read() as connection:
        stored = connection.execute(select(USERS.c.password_hash).limit(1)).scalar() or ""
    # $argon2id$v=19$m=19456,t=2,p=1$salt$tag: nothing beyond the cost may leave the store.
    match stored.split("$"):
        case ["", kind, _, cost, _, _]:
            return f"{kind} {cost.replace(',', ' ')}"
        case _:
            return "unknown"


def _fill(document: Document, cast: Cast) -> None:
    catalog, inventory = Database(store(document, "catalog")), Database(store(document, "inventory"))
    CatalogStore(catalog).add(cast.products)
    InventoryStore(inventory).fill(cast.stock)
    catalog.close()
    inventory.close()


if __name__ == "__main__":
    run(populate)

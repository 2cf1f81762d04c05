"""The services in one process: the kit's transport replaced by one that calls the callee's app directly.

Tokens are signed by the pair of the kit's test helpers, which is put into the store of users as its signing key.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from fleet.catalog.model import Product
from fleet.catalog.store import CatalogStore
from fleet.gateway.clients import DEFAULT_ADDRESSES
from fleet.hooks.equations import EQUATIONS
from fleet.hooks.evidence import gather
from fleet.inventory.store import InventoryStore
from fleet.kit.app import KitApp
from fleet.kit.credentials import TOKEN_PATH
from fleet.kit.database import Database, Store
from fleet.kit.faults import Fault
from fleet.kit.keys import JWKS_PATH
from fleet.kit.retries import RetryBudget
from fleet.kit.testing import bearer, signing_pair
from fleet.kit.transport import Received, Request, TransportError
from fleet.users.store import KEYS, Client, UsersStore, digest

PORTS = {int(address.rsplit(":", 1)[1]): name for name, [address] in DEFAULT_ADDRESSES.items()}
STORES = tuple(DEFAULT_ADDRESSES)
SECRET = "a secret"
CUSTOMERS = ("gateway", "users", "orders", "payments", "activity")  # whom a customer's token is for
SCOPE = "profile account orders feed"
GRANTS = {"inventory": "reservations", "payments": "charges", "activity": "events"}  # to orders
PRICE = 100


@dataclass
class Trouble:
    """What happens to the next `times` calls whose URL ends in `path`.

    lost: sent, never arrives. deaf: done, the answer is lost. refused: not sent. Or a status answered instead.
    crash-before, crash-after: the caller dies, before anything is done or before it hears of it.
    """

    path: str
    kind: str | int
    times: int = 99


@dataclass
class Loopback:
    apps: dict[str, KitApp] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    draw: Callable[[], str | int | None] | None = None  # trouble of its own for each call

    def send(self, request: Request) -> Received:
        url = urlsplit(request.url)
        if url.path in {JWKS_PATH, TOKEN_PATH}:  # asked for now and then, at no test's bidding
            return self._deliver(url, request)
        self.calls.append(f"{request.method} {url.path}")
        self.keys.append(request.headers.get("Idempotency-Key"))
        if self.before is not None:
            self.before(url.path)
        kind = self._trouble(url.path)
        if isinstance(kind, int):
            return Received(kind, {}, b"{}")
        if kind == "refused":
            raise TransportError("ConnectionRefused", "no connection", sent=False)
        if kind == "crash-before":
            raise SystemExit
        if kind == "lost":
            raise TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)
        answer = self._deliver(url, request)
        if kind == "crash-after":
            raise SystemExit
        if kind == "deaf":
            raise TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)
        return answer

    def _deliver(self, url: SplitResult, request: Request) -> Received:
        client = self.apps[PORTS[url.port or 0]].test_client()
        options = {"query_string": url.query, "headers": dict(request.headers), "data": request.body}
        answer = client.open(url.path, method=request.method, **options)
        return Received(answer.status_code, answer.headers, answer.data)

    def _trouble(self, path: str) -> str | int | None:
        if self.draw is not None:
            return self.draw()
        for trouble in self.troubles:
            if path.endswith(trouble.path) and trouble.times:
                trouble.times -= 1
                return trouble.kind
        return None


@dataclass
class Shop:
    folder: Path
    loopback: Loopback
    stores: list[Store] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def client(self, service: str = "gateway") -> FlaskClient:
        return self.loopback.apps[service].test_client()

    def headers(self, subject: str, key: str | None = None) -> dict[str, str]:
        return bearer(subject, CUSTOMERS, SCOPE, client_id="shop") | _keyed(key)

    def service_headers(self, callee: str, key: str | None = None) -> dict[str, str]:
        """What the orders' own calls bear."""
        return bearer("orders", callee, GRANTS[callee], client_id="orders") | _keyed(key)

    def goods(self, pieces: int = 10) -> str:
        product = f"prod-{next(self.numbers):05}"
        with closing(Database(self.url("catalog"))) as catalog, closing(Database(self.url("inventory"))) as inventory:
            CatalogStore(catalog).add([Product(id=product, name=product, description="", price=PRICE)])
            InventoryStore(inventory).fill({product: pieces})
        return product

    def customer(self, balance: int = 1000) -> str:
        subject = f"cust-{next(self.numbers):05}"
        if balance:
            self.deposit(subject, balance, key=f"opening-{subject}")
        return subject

    def deposit(self, subject: str, amount: int, key: str, service: str = "payments") -> TestResponse:
        return self.client(service).post(
            "/v1/accounts/me/deposits", json={"amount": amount}, headers=self.headers(subject, key)
        )

    def order(self, subject: str, product: str, key: str, quantity: int = 1, service: str = "orders") -> TestResponse:
        return self.client(service).post(
            "/v1/orders", json={"product_id": product, "quantity": quantity}, headers=self.headers(subject, key)
        )

    def cancel(self, subject: str, order: str, key: str) -> TestResponse:
        return self.client("orders").post(f"/v1/orders/{order}/cancel", headers=self.headers(subject, key))

    def feed(self, subject: str) -> list[dict[str, Any]]:
        answer = self.client("activity").get("/v1/activity?limit=100", headers=self.headers(subject))
        return list(answer.get_json()["items"])

    def recover(self) -> None:
        """Take up all that can be, once their pauses are over."""
        self._elapse("orders", "orders")
        while self.loopback.apps["orders"].kit.loops.run("recovery"):
            pass

    def tell(self) -> None:
        """Tell the feed what waits to be told, once its pause is over."""
        self._elapse("orders", "outbox")
        while self.loopback.apps["orders"].kit.loops.run("outbox"):
            pass

    def _elapse(self, service: str, table: str) -> None:
        """Let the pauses of what was put off be over; leases that somebody holds run on."""
        with closing(Database(self.url(service))) as database, database.write() as connection:
            connection.exec_driver_sql(f"UPDATE {table} SET leased_until = 0 WHERE leased_by = ''")  # noqa: S608 - ours

    def restart(self, service: str, **settings: Any) -> None:
        """Another process of the service on the same store."""
        self.loopback.apps[service] = start(self, service, **settings)

    def sample(self, service: str, name: str, **labels: str) -> float | None:
        return self.loopback.apps[service].kit.metrics.registry.get_sample_value(name, labels)

    def orders_of(self, subject: str) -> list[dict[str, Any]]:
        answer = self.client("orders").get("/v1/orders?limit=100", headers=self.headers(subject))
        return list(answer.get_json()["items"])

    def balance(self, subject: str) -> int:
        return int(self.client("payments").get("/v1/accounts/me", headers=self.headers(subject)).get_json()["balance"])

    def available(self, product: str) -> int:
        return int(self.client("inventory").get(f"/v1/stock/{product}").get_json()["available"])

    def trouble(self, path: str, kind: str | int, times: int = 99) -> None:
        self.loopback.troubles.append(Trouble(path, kind, times))

    def fault(self, service: str, name: str) -> None:
        self.loopback.apps[service].kit.faults.replace([Fault(name=name)])

    def heal(self) -> None:
        self.loopback.troubles.clear()
        self.loopback.draw = self.loopback.before = None
        for name, app in self.loopback.apps.items():
            app.kit.faults.replace([])
            for callee in self.loopback.apps.keys() - {name}:
                # What one test's troubles took of it, the next one's calls would lack, for ten seconds.
                app.kit.client(callee).budget = RetryBudget()

    def broken(self) -> set[str]:
        """The equations that do not hold once the feed was told."""
        self.tell()
        books = gather({"run_dir": str(self.folder), "stores": {name: self.url(name) for name in STORES}})
        return {finding.name for finding in (equation(books) for equation in EQUATIONS) if finding.verdict == "FAIL"}

    def url(self, service: str) -> str:
        return f"sqlite:///{self.folder}/{service}.db"

    def close(self) -> None:
        """SQLite connections left open would warn when collected."""
        for each in self.stores:
            each.close()


def _keyed(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def open_shop(folder: Path) -> Shop:
    (folder / "secret").write_text(SECRET)
    shop = Shop(folder, Loopback())
    for name in (*STORES, "gateway"):
        shop.loopback.apps[name] = start(shop, name)
    with closing(Database(shop.url("users"))) as database:
        vouch(database)
    return shop


def vouch(users: Database) -> None:
    """Give users the key that tests sign with, and the orders as a client."""
    pair = signing_pair()
    key = {"kid": pair.kid, "algorithm": pair.algorithm, "private_key": pair.to_pem()}
    with users.write() as connection:
        connection.execute(insert(KEYS), key | {"signs_from": time() - 3600, "token_seconds": 86400})
    UsersStore(users).register_client(Client("orders", digest(SECRET), GRANTS))


def stored(name: str, url: str) -> tuple[Store, Any]:
    """The service's store at the URL, migrated, and what the service makes of it."""
    module = import_module(f"fleet.{name}.store")
    opened = getattr(module, "at", Database)(url)
    module.migrate(opened)
    return opened, module.feed_in(opened) if name == "activity" else getattr(module, f"{name.capitalize()}Store")(
        opened
    )


def start(shop: Shop, name: str, **settings: Any) -> KitApp:
    """A replica of the service, wired to the shop."""
    kind = getattr(import_module(f"fleet.{name}"), f"{name.capitalize()}Settings")
    # One shop serves many tests: what one of them breaks must not keep the next one's calls off.
    calm: dict[str, Any] = {
        "breaker_silences": 1000,
        **({"hash_cost": "cheapest"} if name == "users" else {}),
        **settings,
    }
    chosen = kind(store=shop.url(name), client_secret_file=shop.folder / "secret", faults=True, **calm)
    factory = import_module(f"fleet.{name}.app").create_app
    extra: dict[str, Any] = {}
    if name != "gateway":
        opened, extra["store"] = stored(name, shop.url(name))
        shop.stores.append(opened)
    app: KitApp = factory(chosen, transport=shop.loopback, strict=True, sink=lambda _: None, **extra)
    return app

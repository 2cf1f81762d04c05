"""The whole shop in one process, nothing in it a stand-in but the network: tokens are issued, fetched and verified as they are outside."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from documented import Came, Sent
from shop_in_process import stored

from fleet.catalog.model import Product
from fleet.catalog.store import CatalogStore
from fleet.gateway.clients import DEFAULT_ADDRESSES
from fleet.hooks.migrate import migrate
from fleet.inventory.store import InventoryStore
from fleet.kit.app import KitApp
from fleet.kit.database import Database, Store
from fleet.kit.transport import Received, Request

SERVICES = ("gateway", *DEFAULT_ADDRESSES)
PORTS = {int(address.rsplit(":", 1)[1]): name for name, [address] in DEFAULT_ADDRESSES.items()}
# Speed, where it is not what is asked for.
SETTINGS: dict[str, dict[str, Any]] = {
    "users": {"hash_cost": "cheapest"},
    "gateway": {"rate_limit": 0, "address_rate": 0},
}


class WiredShop:
    """Opened in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stores: list[Store] = []
        migrate({"run_dir": str(folder), "stores": {name: self._url(name) for name in DEFAULT_ADDRESSES}})
        self.secret = (folder / "secrets" / "orders").read_text()
        self.apps = {name: self._start(name) for name in SERVICES}

    def send(self, service: str, sent: Sent) -> Came:
        """As the server would call the app: Flask's test client mends what it is given."""
        return called(self.apps[service], sent)

    def goods(self) -> str:
        """A product of which there is plenty."""
        catalog, inventory = Database(self._url("catalog")), Database(self._url("inventory"))
        CatalogStore(catalog).add([Product(id="prod-00001", name="Oar", description="", price=1)])
        InventoryStore(inventory).fill({"prod-00001": 1_000_000})
        catalog.close()
        inventory.close()
        return "prod-00001"

    def close(self) -> None:
        """SQLite connections left open would warn when collected."""
        for each in self._stores:
            each.close()

    def _url(self, service: str) -> str:
        return f"sqlite:///{self._folder}/{service}.db"

    def _start(self, name: str) -> KitApp:
        kind = getattr(import_module(f"fleet.{name}"), f"{name.capitalize()}Settings")
        secret = self._folder / "secrets" / "orders"
        settings = kind(store=self._url(name), client_secret_file=secret, **SETTINGS.get(name, {}))
        extra: dict[str, Any] = {}
        if name != "gateway":
            opened, extra["store"] = stored(name, self._url(name))
            self._stores.append(opened)
        factory = import_module(f"fleet.{name}.app").create_app
        app: KitApp = factory(settings, transport=Wires(self), strict=True, sink=lambda _: None, **extra)
        return app


class Wires:
    """The kit's transport, straight into the callee."""

    def __init__(self, shop: WiredShop) -> None:
        self._shop = shop

    def send(self, request: Request) -> Received:
        """The answer of whoever listens at the address by default."""
        url = urlsplit(request.url)
        headers = tuple(request.headers.items())
        sent = Sent(request.method, url.path, url.query, headers, request.body or b"")
        came = self._shop.send(PORTS[url.port or 0], sent)
        return Received(came.status, came.headers, came.body)


def called(app: KitApp, sent: Sent) -> Came:
    begun: list[tuple[int, dict[str, str]]] = []

    def respond(status: str, headers: list[tuple[str, str]], _: object = None) -> object:
        begun.append((int(status[:3]), dict(headers)))
        return None

    body = b"".join(app.wsgi_app(environ(sent), respond))  # type: ignore[arg-type] # `write` is never used
    return Came(*begun[-1], body)


def environ(sent: Sent) -> dict[str, Any]:
    """What granian makes of the request (PEP 3333)."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers}
    return {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"),
        "QUERY_STRING": sent.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(sent.body),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(len(sent.body)),
        "CONTENT_TYPE": headers.pop("HTTP_CONTENT_TYPE", ""),
        "HTTP_HOST": "127.0.0.1:8000",
        **headers,
    }

"""What each layer of the kit costs per request: CPU time of GET and POST through WSGI, without a socket.

Method and last figures: kit_cost.md. Run: python benchmarks/kit_cost.py [--requests 2000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

from fleet.kit import logs, metrics
from fleet.kit.app import create_kit_app
from fleet.kit.body import Input
from fleet.kit.exchange import Observer
from fleet.kit.faults import Fault, Faults
from fleet.kit.faults import init_app as init_faults
from fleet.kit.settings import Settings
from fleet.kit.telemetry import load_contract
from fleet.kit.turns import Turns

Wsgi = Callable[..., Any]
SETTINGS = Settings()
CONTRACT = load_contract(SETTINGS.telemetry_file)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class ProductPath(Input):
    product_id: str


class Order(Input):
    product_id: str
    quantity: int


class LaxOrder(BaseModel):
    product_id: str
    quantity: int


def bare() -> Flask:
    app = Flask("bare", static_folder=None)

    @app.get("/v1/products/<product_id>")
    def view(product_id: str) -> dict[str, object]:
        return {"id": product_id, "price": 1}

    @app.post("/v1/orders")
    def place() -> dict[str, object]:
        document = request.get_json()
        return {"id": document["product_id"], "quantity": document["quantity"]}

    return app


def add_views(app: OpenAPI, order: type[BaseModel]) -> OpenAPI:
    def view(path: ProductPath) -> dict[str, object]:
        return {"id": path.product_id, "price": 1}

    def place(body: order) -> dict[str, object]:  # type: ignore[valid-type] # the model is the layer's
        return {"id": body.product_id, "quantity": body.quantity}  # type: ignore[attr-defined] # as above

    place.__annotations__["body"] = order
    app.get("/v1/products/<product_id>")(view)
    app.post("/v1/orders")(place)
    return app


def with_openapi() -> OpenAPI:
    return add_views(OpenAPI("openapi", doc_ui=False, static_folder=None), LaxOrder)


def with_observer(*layers: Callable[[OpenAPI, Observer], None]) -> OpenAPI:
    app = with_openapi()
    observer = Observer(app.wsgi_app, 10)
    app.wsgi_app = observer  # type: ignore[method-assign]
    for layer in layers:
        layer(app, observer)
    return app


def measured(_: OpenAPI, observer: Observer) -> None:
    metrics.init_app(observer, metrics.Metrics(CONTRACT), Turns(8), 8)


def logged_to(folder: Path) -> Callable[[OpenAPI, Observer], None]:
    sink = logs.open_sink(folder / "kit_cost.jsonl")
    return lambda _, observer: logs.init_app(observer, logs.Logs(CONTRACT, "sample", sink=sink))


def faulty(app: OpenAPI, _: Observer) -> None:
    faults = Faults(enabled=True)
    faults.replace([Fault(name="latency", route="/elsewhere")])
    init_faults(app, faults)


def layers(folder: Path) -> dict[str, Wsgi]:
    log = logged_to(folder)
    whole = create_kit_app("sample", SETTINGS, sink=logs.open_sink(folder / "whole.jsonl"))
    return {
        "bare Flask": bare(),
        "+ openapi3": with_openapi(),
        "+ correlation": with_observer(),
        "+ metrics": with_observer(measured),
        "+ log line": with_observer(measured, log),
        "+ faults, one set": with_observer(measured, log, faulty),
        "the whole kit": add_views(whole, Order),
    }


def environ(method: str, path: str, body: bytes = b"") -> dict[str, object]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_TRACEPARENT": TRACEPARENT,
    }


def cost(app: Wsgi, requests: int, *request: Any) -> float:
    """CPU microseconds of this thread per request."""
    answered: list[str] = []
    started = time.thread_time()
    for _ in range(requests):
        answer = app(environ(*request), lambda status, _headers, _exc=None: answered.append(status))
        b"".join(answer)
        if (close := getattr(answer, "close", None)) is not None:
            close()
    taken = time.thread_time() - started
    if set(answered) != {"200 OK"}:
        raise SystemExit(f"not all answered 200: {set(answered)}")
    return taken / requests * 1e6


REQUESTS = {
    "GET": ("GET", "/v1/products/prod-00001"),
    "POST": ("POST", "/v1/orders", b'{"product_id":"prod-00001","quantity":2}'),
}


def measure(apps: dict[str, Wsgi], requests: int, rounds: int) -> Iterator[tuple[str, str, float]]:
    """Interleaved: each round measures every layer once, so that a slow spell of the machine hits all alike."""
    for _ in range(rounds):
        for name, app in apps.items():
            for method, request_ in REQUESTS.items():
                yield name, method, cost(app, requests, *request_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found: dict[tuple[str, str], list[float]] = {}
        for name, method, microseconds in measure(layers(Path(folder)), given.requests, given.rounds):
            found.setdefault((name, method), []).append(microseconds)
    middle = {key: statistics.median(values) for key, values in found.items()}
    print("| layer | GET us | x bare | POST us | x bare |\n|---|---|---|---|---|")
    for name in dict.fromkeys(name for name, _ in middle):
        cells = [
            f"{middle[name, method]:.0f} | {middle[name, method] / middle['bare Flask', method]:.2f}"
            for method in REQUESTS
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

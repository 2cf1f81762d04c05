"""Every operation that a service documents meets every attack: no server error, and no answer that is not documented."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from documented import Came, Operation, Sent, faults, operations
from hostile import ATTACKS, Attack
from shop_in_process import Shop

NUMBERS = count()


def answer(shop: Shop, operation: Operation, sent: Sent) -> Came:
    """As the server would call the app: Flask's test client mends what it is given."""
    begun: list[tuple[int, dict[str, str]]] = []

    def respond(status: str, headers: list[tuple[str, str]], _: object = None) -> object:
        begun.append((int(status[:3]), dict(headers)))
        return None

    body = b"".join(shop.loopback.apps[operation.service].wsgi_app(environ(sent), respond))  # type: ignore[arg-type]
    return Came(*begun[-1], body)


def environ(sent: Sent) -> dict[str, Any]:
    """What PEP 3333 makes of the request."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers}
    return {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"),
        "QUERY_STRING": sent.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(sent.body),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(len(sent.body)),
        "CONTENT_TYPE": headers.pop("HTTP_CONTENT_TYPE", ""),
        "HTTP_HOST": "127.0.0.1:8000",
        **headers,
    }


def good(shop: Shop, operation: Operation) -> Sent:
    secured = shop.headers("cust-1") if operation.spec.get("security") else {}
    return operation.good(secured, f"key-{next(NUMBERS)}")


@pytest.fixture(scope="module")
def documented(whole_shop: Shop) -> list[Operation]:
    known = {"product_id": whole_shop.goods(1_000_000)}
    whole_shop.deposit("cust-1", 10**9, key="opening")

    def each() -> Iterator[Operation]:
        for service in whole_shop.loopback.apps:
            yield from operations(service, whole_shop.client(service).get("/openapi.json").get_json(), known)

    return list(each())


def test_every_operation_answers_a_good_request(shop: Shop, documented: list[Operation]) -> None:
    wrong = []
    for operation in documented:
        came = answer(shop, operation, good(shop, operation))
        wrong += [f"{operation.name}: {fault}" for fault in faults(operation, came)]
        wrong += [f"{operation.name}: {came.body!r}"] if came.status in {400, 401, 403, 422} else []
    assert wrong == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_bad_input_is_refused_as_documented(shop: Shop, documented: list[Operation], attack: Attack) -> None:
    wrong, asked = [], 0
    for operation in documented:
        for sent in attack.make(operation, good(shop, operation)):
            asked += 1
            came = answer(shop, operation, sent)
            if came.status not in attack.also:
                wrong += [
                    f"{operation.name}: {fault}: {sent!r:.300}" for fault in faults(operation, came, must=attack.must)
                ]
    if not asked:
        pytest.skip("no operation takes such a body")
    assert wrong == []

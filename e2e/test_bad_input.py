"""Every documented operation of the running shop, at the door and at each service, meets good and bad data; none is named here.

The attacks are those of tests/fleet, here with granian in front; added is what only a socket can do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from caller import Caller
from documented import Came, Operation, faults
from hostile import ATTACKS, Attack
from promises import broken, configuration
from shop_stack import ShopStack, shop_stack
from stack_runs import until
from wire import Wire

EXAMPLES = 15
# What granian says by itself to what is no HTTP, or too much of it; it is given no problem document.
OWN_ANSWERS = {400, 414, 431}
QUICK_SECONDS = 2.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    with shop_stack(tmp_path_factory.mktemp("bad-input"), POPULATE_CUSTOMERS=5, HASH_COST="cheapest") as shop:
        yield shop


@pytest.fixture(scope="module")
def wire(shop: ShopStack) -> Iterator[Wire]:
    wire = Wire({service: shop.urls(service)[0] for service in shop.services})
    yield wire
    wire.close()


def new_caller(shop: ShopStack, wire: Wire, name: str) -> Caller:
    product = shop.identities()["products"][0]
    return Caller(wire.send, shop.secret("orders"), name, product_id=product)


@pytest.fixture(scope="module")
def caller(shop: ShopStack, wire: Wire) -> Caller:
    return new_caller(shop, wire, "hostile")


@pytest.fixture(scope="module")
def documented(shop: ShopStack, caller: Caller) -> list[Operation]:
    return [operation for service in shop.services for operation in caller.operations(service)]


@pytest.fixture(autouse=True)
def well_afterwards(shop: ShopStack) -> Iterator[None]:
    """Whatever a test has done, all are ready, nobody is busy with it, and nobody has noted an error of its own."""
    yield
    until(lambda: all(shop.ready().values()))
    assert [line for line in shop.lines() if line.get("http.response.status_code", 0) >= 500] == []
    assert [line for line in shop.lines() if line.get("log.level") == "error"] == []


def own_answer(came: Came) -> bool:
    return came.status in OWN_ANSWERS and not came.body and "Traceparent" not in came.headers


def test_every_operation_answers_a_good_request(caller: Caller, documented: list[Operation]) -> None:
    wrong = []
    for operation in documented:
        came = caller.send(operation.service, caller.good(operation))
        wrong += [f"{operation.name}: {fault}" for fault in faults(operation, came)]
        wrong += [f"{operation.name}: {came.body!r}"] if came.status in {400, 401, 403, 422} else []
    assert len(documented) >= 20
    assert wrong == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_bad_input_is_refused_as_documented(caller: Caller, documented: list[Operation], attack: Attack) -> None:
    wrong, slowest = [], 0.0
    for operation in documented:
        for sent in attack.make(operation, caller.good(operation)):
            began = time.monotonic()
            came = caller.send(operation.service, sent)
            slowest = max(slowest, time.monotonic() - began)
            right = came.status in attack.also or own_answer(came)
            found = [] if right else faults(operation, came, must=attack.must)
            wrong += [f"{operation.name}: {fault}: {sent!r:.300}" for fault in found]
    assert wrong == []
    assert slowest < QUICK_SECONDS


def test_every_service_keeps_what_its_document_promises(shop: ShopStack, wire: Wire) -> None:
    caller = new_caller(shop, wire, "promised")  # the attacks have locked the other's account
    for service in shop.services:
        url = shop.urls(service)[0]
        schema: Any = schemathesis.openapi.from_url(f"{url}/openapi.json", config=configuration())
        headers = {each.label: caller.headers(each) for each in caller.operations(service)}
        assert broken(schema, headers, caller.known, EXAMPLES, base_url=url) == []

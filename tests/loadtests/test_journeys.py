"""The journeys, walked against a shop that is only a table of answers."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import yaml

from loadtests import steps
from loadtests.journeys.browse import browse
from loadtests.journeys.buy import buy
from loadtests.journeys.my_orders import my_orders
from loadtests.journeys.search import search
from seatrial.openloop.client import Client
from seatrial.openloop.journey import Journey, Script, Surroundings
from seatrial.openloop.recorder import RequestRow
from seatrial.openloop.steps import Answer, Step

ROOT = Path(__file__).parents[2]
SCRIPTS: dict[str, Script] = {"browse": browse, "search": search, "buy": buy, "my-orders": my_orders}
STEPS = [value for value in vars(steps).values() if isinstance(value, Step)]
PRODUCTS = [f"prod-{number:05}" for number in range(40)]
DATA = {"identities": [{"subject": "c1", "token": "t1"}], "products": PRODUCTS, "scarce": ["prod-scarce"]}
ORDER = {"id": "o1", "status": "confirmed", "total": 500}
ITEMS = [{"id": product, "name": "Lamp", "price": 5} for product in PRODUCTS[:20]]


class Shop:
    """Answers as the shop does when all goes well; `instead` replaces the answers of paths."""

    def __init__(self, instead: Mapping[str, tuple[int, Any]] | None = None) -> None:
        self.instead = instead or {}
        self.rows: list[RequestRow] = []
        self.tokens: list[str | None] = []
        self.targets: list[str] = []

    def send(self, method: str, target: str, headers: Mapping[str, str], _: bytes) -> str:
        self.targets.append(target)
        self.tokens.append(headers.get("Authorization"))
        return f"{method} {target}"

    def receive(self, asked: str) -> Answer:
        method, target = asked.split(" ")
        path = urlsplit(target).path
        status, body = self.instead.get(path) or answer(method, path, target)
        return Answer(status, json.dumps(body).encode())

    def walk(self, name: str, seed: int) -> None:
        around = Surroundings(
            cast("Client", self), lambda: 0.0, lambda _: "s", lambda row, _: self.rows.append(row), (0, 0), DATA
        )
        SCRIPTS[name](Journey(name, 0.0, seed, around))


def answer(method: str, path: str, target: str) -> tuple[int, Any]:
    kind = path.split("/")[2]
    if method == "POST":
        return 201, ORDER if kind == "orders" else {"id": "d1", "amount": 1, "balance": 2}
    pages = {"/v1/products": ITEMS, "/v1/orders": [ORDER]}
    if path in pages:
        return 200, {"items": [] if "zzz" in target else pages[path], "next_cursor": "c"}
    views = {"products": ITEMS[0], "orders": ORDER, "stock": {"product_id": "p", "available": 3}}
    return 200, views.get(kind, {"id": "c1", "balance": 3})


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_request_of_a_journey_is_right(name: str) -> None:
    shop = Shop()
    for seed in range(50):
        shop.walk(name, seed)
    assert {row.outcome for row in shop.rows} == {"ok"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_journeys_ask_as_often_as_their_description_says(name: str) -> None:
    shop = Shop()
    for seed in range(2000):
        shop.walk(name, seed)
    asked = Counter(row.step for row in shop.rows)
    described = yaml.safe_load((ROOT / "loadtests/journeys.yml").read_text(encoding="utf-8"))[name]
    assert set(described) == set(asked)
    for step, mean in described.items():
        assert asked[step] / 2000 == pytest.approx(mean, abs=0.12), step


@pytest.mark.parametrize("status, kind", [(402, "payment-declined"), (409, "sold-out")])
def test_a_refused_order_is_right_and_the_end_of_the_journey(status: int, kind: str) -> None:
    shop = Shop({"/v1/orders": (status, {"type": f"https://e.example/{kind}"})})
    shop.walk("buy", 1)
    assert (shop.rows[-1].step, shop.rows[-1].outcome, shop.rows[-1].ref) == ("place-order", "ok", "")


def test_only_what_is_the_customers_own_carries_the_token() -> None:
    shop = Shop()
    for seed in range(50):
        shop.walk("buy", seed)
    carried = {row.step: token for row, token in zip(shop.rows, shop.tokens, strict=True)}
    assert {step for step, token in carried.items() if token} == {"deposit", "place-order", "view-order"}
    assert set(carried.values()) == {None, "Bearer t1"}


def test_orders_and_deposits_leave_key_and_id() -> None:
    shop = Shop()
    for seed in range(50):
        shop.walk("buy", seed)
    kept = {row.step: bool(row.key and row.ref) for row in shop.rows}
    assert {step for step, both in kept.items() if both} == {"deposit", "place-order"}


def test_some_buyers_go_for_what_is_scarce() -> None:
    shop = Shop()
    for seed in range(500):
        shop.walk("buy", seed)
    assert 0.01 < shop.targets.count("/v1/stock/prod-scarce") / 500 < 0.1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_names_services_of_the_fleet(step: Step) -> None:
    fleet = yaml.safe_load((ROOT / "fleet/fleet.yml").read_text(encoding="utf-8"))
    assert step.touches[0] == fleet["entry"]
    assert set(step.touches) <= set(fleet["services"])


def test_step_names_are_unique() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)

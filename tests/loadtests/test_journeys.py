"""The journeys, walked against a shop that is only a table of answers."""

import ast
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import yaml

from loadtests import steps
from loadtests.journeys.browse import browse
from loadtests.journeys.buy import buy
from loadtests.journeys.cancel import cancel
from loadtests.journeys.home import home
from loadtests.journeys.my_orders import my_orders
from loadtests.journeys.retry import retry
from loadtests.journeys.search import search
from loadtests.journeys.sign_up import sign_up
from seatrial.openloop.client import Client
from seatrial.openloop.errors import JourneyFailed
from seatrial.openloop.journey import Journey, Script, Surroundings
from seatrial.openloop.recorder import RequestRow
from seatrial.openloop.steps import Answer, Step

ROOT = Path(__file__).parents[2]
SCRIPTS: dict[str, Script] = {
    "browse": browse,
    "search": search,
    "buy": buy,
    "my-orders": my_orders,
    "cancel": cancel,
    "retry": retry,
    "home": home,
    "sign-up": sign_up,
}
STEPS = [value for value in vars(steps).values() if isinstance(value, Step)]
PRODUCTS = [f"prod-{number:05}" for number in range(40)]
DATA = {
    "identities": [{"subject": "c1", "token": "t1"}, {"subject": "c2", "token": "t2"}],
    "products": PRODUCTS,
    "scarce": ["prod-scarce"],
    "expired": ["t-old"],
}
OWNERS = {"Bearer t1": "c1", "Bearer t2": "c2", "Bearer t-new": "c3"}


@dataclass
class Sent:
    """A request as the shop sees it."""

    method: str
    target: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def token(self) -> str | None:
        return self.headers.get("Authorization")


Told = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@dataclass
class Shop:
    """Answers as the shop does when all goes well; `instead` replaces the answers of `METHOD /path`s."""

    instead: Mapping[str, Told] = field(default_factory=dict)
    rows: list[RequestRow] = field(default_factory=list)
    asked: list[Sent] = field(default_factory=list)
    cancelled: bool = False
    me: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Sent:
        self.asked.append(Sent(method, target, headers, body))
        return self.asked[-1]

    def receive(self, sent: Sent) -> Answer:
        told = self.instead.get(f"{sent.method} {sent.path}") or self.answer(sent)
        body = b"" if told[1] is None else json.dumps(told[1]).encode()
        return Answer(told[0], body, told[2] if len(told) == 3 else {})

    def walk(self, name: str, seed: int) -> None:
        around = Surroundings(
            cast("Client", self), lambda: 0.0, lambda _: "s", lambda row, _: self.rows.append(row), (0, 0), DATA
        )
        self.cancelled = False
        SCRIPTS[name](Journey(name, 0.0, seed, around))

    def visited(self, name: str, seeds: int = 50) -> list[tuple[RequestRow, Sent]]:
        for seed in range(seeds):
            self.walk(name, seed)
        return list(zip(self.rows, self.asked, strict=True))

    def answer(self, sent: Sent) -> Told:
        if sent.token == "Bearer t-old":
            return 401, {"type": "https://e.example/unauthorized"}
        return getattr(self, sent.path.split("/")[2])(sent)  # type: ignore[no-any-return] # the methods below

    def products(self, sent: Sent) -> Told:
        if sent.path == "/v1/products":
            items = [{"id": product, "name": "Lamp", "price": 5} for product in PRODUCTS[:20]]
            return 200, {"items": [] if "zzz" in sent.target else items, "next_cursor": "c"}
        if sent.headers.get("If-None-Match") == '"1"':
            return 304, None, {"etag": '"1"'}
        return 200, {"id": sent.path.split("/")[3], "name": "Lamp", "price": 5}, {"etag": '"1"'}

    def stock(self, sent: Sent) -> Told:
        return 200, {"product_id": sent.path.split("/")[3], "available": 3}

    def accounts(self, sent: Sent) -> Told:
        if sent.method == "POST":
            return 201, {"id": "d1", "balance": 2} | sent.body
        return 200, {"id": OWNERS[str(sent.token)], "balance": 3}

    def orders(self, sent: Sent) -> Told:
        order = {"id": "o1", "status": "cancelled" if self.cancelled else "confirmed", "total": 500}
        if sent.path.endswith("/cancel"):
            self.cancelled = True
            return 200, order | {"status": "cancelled"}
        if sent.method == "POST":
            known = sent.headers["Idempotency-Key"] in {each.headers.get("Idempotency-Key") for each in self.asked[:-1]}
            return 201, order | sent.body, {"idempotent-replayed": "true"} if known else {}
        if sent.path == "/v1/orders":
            return 200, {"items": [order], "next_cursor": "c"}
        listed = [each.token for each in self.asked if each.path == "/v1/accounts/me"][-1:]
        return (200, order) if not listed or listed == [sent.token] else (404, {"type": "https://e.example/not-found"})

    def home(self, _: Sent) -> Told:
        return 200, {"highlights": [], "orders": [], "feed": [], "missing": []}

    def activity(self, _: Sent) -> Told:
        return 200, {"items": [], "next_cursor": None}

    def users(self, sent: Sent) -> Told:
        if sent.path.endswith("/login"):
            return 200, {"access_token": "t-new", "token_type": "Bearer", "expires_in": 7200}
        if sent.method != "GET":
            told = {name: value for name, value in sent.body.items() if name != "password"}
            self.me = (self.me if sent.method == "PATCH" else {"id": "c3"}) | told
        return (201 if sent.method == "POST" else 200), self.me


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


REFUSALS = [(402, "payment-declined"), (409, "sold-out")]


@pytest.mark.parametrize("status, kind", REFUSALS)
@pytest.mark.parametrize("name", ["buy", "cancel"])
def test_a_refused_order_is_right_and_the_end_of_the_journey(name: str, status: int, kind: str) -> None:
    shop = Shop({"POST /v1/orders": (status, {"type": f"https://e.example/{kind}"})})
    shop.walk(name, 1)
    assert (shop.rows[-1].step, shop.rows[-1].outcome, shop.rows[-1].ref) == ("place-order", "ok", "")


@pytest.mark.parametrize("status, kind", REFUSALS)
def test_a_refused_order_is_refused_again(status: int, kind: str) -> None:
    refusal = (status, {"type": f"https://e.example/{kind}"}, {"idempotent-replayed": "true"})
    shop = Shop({"POST /v1/orders": refusal})
    shop.walk("retry", 1)
    assert [(row.step, row.outcome) for row in shop.rows] == [("place-order", "ok"), ("repeat-order", "ok")]


OWN = {"deposit", "place-order", "view-order", "view-account", "list-orders", "repeat-order", "cancel-order"}
OWN |= {"view-home", "list-activity", "view-me", "rename-me"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_only_what_is_the_customers_own_carries_the_customers_token(name: str) -> None:
    mine = [(row.step, sent.token) for row, sent in Shop().visited(name) if row.step in OWN]
    others = {(row.step, sent.token) for row, sent in Shop().visited(name) if row.step not in OWN and sent.token}
    assert all(token in OWNERS for _, token in mine)
    assert {step for step, _ in others} <= {"view-others-order", "expired-token"}


def test_somebody_elses_order_is_asked_for_with_the_others_token() -> None:
    visited = Shop().visited("my-orders")
    pairs = [
        (before.token, sent.token) for (_, before), (row, sent) in pairwise(visited) if row.step == "view-others-order"
    ]
    assert {tuple(sorted(map(str, pair))) for pair in pairs} == {("Bearer t1", "Bearer t2")}


def test_orders_deposits_cancellings_and_registrations_leave_their_id() -> None:
    kept = {row.step: (bool(row.key), bool(row.ref)) for name in SCRIPTS for row, _ in Shop().visited(name)}
    keyed = {step for step, has in kept.items() if has == (True, True)}
    assert keyed == {"deposit", "place-order", "repeat-order", "cancel-order"}
    assert {step for step, has in kept.items() if has == (False, True)} == {"register"}


def test_a_repeated_order_is_the_same_request_under_the_same_key() -> None:
    (first, placed), (second, repeated) = Shop().visited("retry", seeds=1)
    assert (first.key, first.ref) == (second.key, second.ref)
    assert (placed.body, placed.token) == (repeated.body, repeated.token)


def test_who_comes_back_asks_for_what_has_changed_only() -> None:
    revisits = [(row, sent) for row, sent in Shop().visited("browse") if row.step == "revisit-product"]
    assert {(row.status, row.outcome, sent.headers["If-None-Match"]) for row, sent in revisits} == {(304, "ok", '"1"')}


def test_each_sailor_has_a_name_and_a_password_of_their_own() -> None:
    made = [sent.body for row, sent in Shop().visited("sign-up") if row.step == "register"]
    assert len({body["name"] for body in made}) == len({body["password"] for body in made}) == len(made)
    assert all(len(body["password"]) >= 20 for body in made)


def test_rows_hold_neither_password_nor_token() -> None:
    visited = Shop().visited("sign-up", seeds=3)
    secrets = {sent.body["password"] for _, sent in visited if sent.raw and b"password" in sent.raw} | {"t-new"}
    assert not any(secret in str(row) for row, _ in visited for secret in secrets)


ORDER = {"id": "o1", "status": "confirmed", "total": 500}


@pytest.mark.parametrize(
    "name, path, told, step, error",
    [
        pytest.param(
            "my-orders", "GET /v1/orders/o1", (200, ORDER), "view-others-order", "status 200", id="order-leaked"
        ),
        pytest.param(
            "my-orders",
            "GET /v1/orders/o1",
            (200, ORDER | {"id": "o2"}),
            "view-order",
            "id is 'o2'",
            id="order-of-somebody-else",
        ),
        pytest.param(
            "my-orders",
            "GET /v1/accounts/me",
            (200, {"id": "c9", "balance": 1}),
            "view-account",
            "id is 'c9'",
            id="account-of-somebody-else",
        ),
        pytest.param(
            "buy", "GET /v1/orders/o1", (200, ORDER | {"status": "pending"}), "view-order", "status is", id="unsettled"
        ),
        pytest.param(
            "cancel", "GET /v1/orders/o1", (200, ORDER), "view-order", "status is 'confirmed'", id="not-cancelled"
        ),
        pytest.param(
            "home",
            "GET /v1/home",
            (200, {"highlights": [], "orders": [], "feed": None, "missing": ["feed"]}),
            "view-home",
            "missing feed",
            id="home-without-a-part",
        ),
        pytest.param(
            "home",
            "GET /v1/home",
            (200, {"highlights": [], "orders": [], "feed": None, "missing": []}),
            "view-home",
            "lacks feed",
            id="home-that-does-not-say-what-it-lacks",
        ),
        pytest.param(
            "sign-up",
            "GET /v1/users/me",
            (200, {"id": "c9", "name": "n", "display_name": "d"}),
            "view-me",
            "id is 'c9'",
            id="me-is-somebody-else",
        ),
    ],
)
def test_a_wrong_answer_is_seen(name: str, path: str, told: Told, step: str, error: str) -> None:
    shop = Shop({path: told})
    for seed in range(50):
        with suppress(JourneyFailed):
            shop.walk(name, seed)
    wrong = {(row.step, row.error) for row in shop.rows if row.outcome == "wrong"}
    assert any(row[0] == step and row[1].startswith(error) for row in wrong), wrong


class Forgetful(Shop):
    """Takes every order for a new one, whatever its key."""

    def orders(self, _: Sent) -> Told:
        order = {"id": f"o{len(self.asked)}", "status": "confirmed", "total": 5} | self.asked[-1].body
        return 201, order, {"idempotent-replayed": "true"}


def test_a_repeated_order_that_is_another_one_is_wrong() -> None:
    shop = Forgetful()
    with pytest.raises(JourneyFailed, match="not the body of the first time"):
        shop.walk("retry", 1)


def test_some_buyers_go_for_what_is_scarce() -> None:
    targets = [sent.target for _, sent in Shop().visited("buy", seeds=500)]
    assert 0.01 < targets.count("/v1/stock/prod-scarce") / 500 < 0.1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_names_services_of_the_fleet(step: Step) -> None:
    fleet = yaml.safe_load((ROOT / "fleet/fleet.yml").read_text(encoding="utf-8"))
    assert step.touches[0] == fleet["entry"]
    assert set(step.touches) <= set(fleet["services"])


def test_step_names_are_unique() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_the_locustfile_has_the_journeys_and_weighs_them_as_the_trial_does() -> None:
    """Read, not imported: `import locust` would patch this process."""
    [shop] = [node for node in ast.parse((ROOT / "loadtests/locustfile.py").read_text()).body if is_shop(node)]
    values = {node.target.id: node.value for node in shop.body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    assert {key.value for key in values["journeys"].keys} == set(SCRIPTS)  # type: ignore[union-attr]
    trial = yaml.safe_load((ROOT / "loadtests/profiles/trial.yml").read_text(encoding="utf-8"))
    assert ast.literal_eval(values["weights"]) == trial["weights"]  # type: ignore[arg-type]


def is_shop(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == "Shop"

"""The load's own journeys on the shop in one process: every answer is right, and the books agree with what clients saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from shop_in_process import STORES, Shop, open_shop
from werkzeug.test import TestResponse

from fleet.hooks.door import Deposit
from fleet.hooks.invariants import invariants
from fleet.hooks.populate import populate
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
from seatrial.openloop.recorder import Recorder, RequestRow
from seatrial.openloop.steps import Answer

SCRIPTS: tuple[Script, ...] = (buy, browse, search, cancel, retry, home, my_orders, sign_up)
SIZE = {"CUSTOMERS": "4", "PRODUCTS": "12", "SCARCE": "1", "POOR_SHARE": "0.25"}
NEVER_IN_A_RIGHT_RUN = {"FAIL", "INCONCLUSIVE"}


@dataclass
class InProcessDoor:
    """The public door as `populate` uses it."""

    shop: Shop

    def register(self, name: str, password: str) -> str:
        return str(self._post("/v1/users/register", {"name": name, "password": password})["id"])

    def login(self, name: str, password: str) -> tuple[str, int]:
        given = self._post("/v1/users/login", {"name": name, "password": password})
        return str(given["access_token"]), int(given["expires_in"])

    def deposit(self, token: str, amount: int, key: str) -> Deposit:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        made = self._post("/v1/accounts/me/deposits", {"amount": amount}, headers)
        return {"key": key, "amount": amount, "id": made["id"]}

    def _post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.shop.client().post(path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json()


class InProcessClient:
    """The load's client, whose target is the gateway's app."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> TestResponse:
        return self._shop.client().open(target, method=method, headers=dict(headers), data=body)

    def receive(self, sent: TestResponse) -> Answer:
        return Answer(sent.status_code, sent.data, {name.lower(): text for name, text in sent.headers.items()})


@dataclass
class Load:
    """A shop that was populated, and the journeys that are walked in it."""

    shop: Shop
    document: dict[str, Any]
    rows: list[RequestRow]

    def walk(self, scripts: tuple[Script, ...] = SCRIPTS, times: int = 12) -> None:
        identities = json.loads((self.shop.folder / "identities.json").read_text())
        client = cast("Client", InProcessClient(self.shop))
        around = Surroundings(
            client, lambda: 0.0, lambda _: "s", lambda row, _: self.rows.append(row), (0, 0), identities
        )
        for number in range(times):
            for script in scripts:
                with suppress(JourneyFailed):
                    script(Journey(script.__name__, 0.0, number, around))

    def verdicts(self) -> dict[str, str]:
        """Of the invariants hook, once the feed was told and the rows are on disk."""
        self.shop.tell()
        samples = self.shop.folder / "samples"
        samples.mkdir()
        recorder = Recorder(samples, "1")
        for row in self.rows:
            recorder.request(row)
        recorder.close()
        findings: Any = invariants(self.document | {"samples": str(samples)})["findings"]
        return {finding["name"]: finding["verdict"] for finding in findings}

    def wrong(self) -> set[tuple[str, str]]:
        return {(row.step, row.error) for row in self.rows if row.outcome != "ok"}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    for name, value in SIZE.items():
        monkeypatch.setenv(f"SEATRIAL_POPULATE_{name}", value)
    shop = open_shop(tmp_path)
    stores = {name: shop.url(name) for name in STORES}
    document = {"run_dir": str(tmp_path), "services": [], "stores": stores, "random_seed": 1}
    populate(document, door=InProcessDoor(shop))
    yield Load(shop, document, [])
    shop.close()


def test_every_answer_is_right_and_every_equation_holds(load: Load) -> None:
    load.walk()
    assert load.wrong() == set()
    assert {name for name, verdict in load.verdicts().items() if verdict in NEVER_IN_A_RIGHT_RUN} == set()


def test_every_kind_of_answer_comes_up(load: Load) -> None:
    load.walk(times=30)
    seen = Counter((row.step, row.status) for row in load.rows)
    planned = {("expired-token", 401), ("view-others-order", 404), ("revisit-product", 304), ("place-order", 402)}
    assert planned <= set(seen)


def leak(shop: Shop) -> None:
    shop.fault("orders", "leak-orders")


def take_what_has_expired(shop: Shop) -> None:
    shop.fault("gateway", "accept-expired")


def lose_a_part(shop: Shop) -> None:
    shop.trouble("/v1/activity", 503)


@pytest.mark.parametrize(
    "spoil, scripts, wrong, red",
    [
        pytest.param(leak, (buy, my_orders), ("view-others-order", "status 200"), "others-kept-out", id="leak"),
        pytest.param(
            take_what_has_expired,
            (my_orders,),
            ("expired-token", "status 200"),
            "others-kept-out",
            id="expired-token-taken",
        ),
        pytest.param(lose_a_part, (home,), ("view-home", "missing feed"), None, id="home-lacks-the-feed"),
    ],
)
def test_what_the_shop_does_wrong_is_seen(
    load: Load, spoil: Callable[[Shop], None], scripts: tuple[Script, ...], wrong: tuple[str, str], red: str | None
) -> None:
    spoil(load.shop)
    load.walk(scripts)
    assert wrong in load.wrong()
    load.shop.heal()
    failed = {name for name, verdict in load.verdicts().items() if verdict == "FAIL"}
    assert failed == ({red} if red else set())

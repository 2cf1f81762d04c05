"""People who shop all the while, a connection for each request: what came of each, and nothing of theirs is sent twice unasked."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from shop_client import Client, fresh

TIMEOUT = 20.0
DOORS_SECONDS = 0.2


@dataclass
class Tally:
    """`answered` by status class, `lost` with what happened to each. A door that is closed takes no request: another is tried."""

    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    turned_away: int = 0

    @property
    def good(self) -> int:
        return self.answered["2xx"]

    @property
    def failed(self) -> list[str]:
        """What was lost, and answers that no customer should get."""
        return [*self.lost, *(f"{number} x {status}" for status, number in self.answered.items() if status != "2xx")]


@contextmanager
def shopping(
    doors: Callable[[], Sequence[str]], customers: Sequence[Client], product: str, pause: float = 0.02
) -> Iterator[Tally]:
    """Each of them browses, orders and looks at the order, again and again, until the block ends; `doors` are asked for now and then."""
    tally, ended = Tally(), threading.Event()
    known = [list(doors())]

    def look() -> None:
        while not ended.wait(DOORS_SECONDS):
            known[0] = list(doors()) or known[0]

    threads = [threading.Thread(target=look)]
    threads += [threading.Thread(target=shop, args=(known, each, product, tally, ended, pause)) for each in customers]
    for thread in threads:
        thread.start()
    try:
        yield tally
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def shop(
    known: list[list[str]], customer: Client, product: str, tally: Tally, ended: threading.Event, pause: float
) -> None:
    order = ""
    while not ended.wait(pause):
        ask(known, tally, "GET", "/v1/products", customer.token)
        body = ask(known, tally, "POST", "/v1/orders", customer.token, {"product_id": product, "quantity": 1})
        order = str(body.get("id", order))
        if order:
            ask(known, tally, "GET", f"/v1/orders/{order}", customer.token)


def ask(
    known: list[list[str]], tally: Tally, method: str, path: str, token: str, document: object = None
) -> dict[str, object]:
    """One request at the first door that is open."""
    headers = {"Authorization": f"Bearer {token}"}
    if document is not None:
        headers |= {"Idempotency-Key": fresh("order"), "Content-Type": "application/json"}
    began = time.monotonic()
    while time.monotonic() - began < TIMEOUT:
        for door in known[0]:
            connection = HTTPConnection(str(urlsplit(door).hostname), urlsplit(door).port, timeout=TIMEOUT)
            try:
                connection.connect()
            except OSError:
                tally.turned_away += 1
                continue
            try:
                connection.request(method, path, json.dumps(document) if document is not None else None, headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, HTTPException) as error:
                tally.lost.append(f"{method} {path} at {door}: {error!r}")
                return {}
            finally:
                connection.close()
            tally.answered[f"{answer.status // 100}xx"] += 1
            return dict(json.loads(body)) if answer.status < 300 else {}
        time.sleep(0.05)
    tally.lost.append(f"{method} {path}: no door was open")
    return {}

"""Test helpers that ship with the kit: an app whose lines and metrics can be read, a transport that answers from a script, tokens, the contract as an assertion.

Nothing here opens a socket or reads the environment's settings for the stack.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.credentials import TOKEN_PATH
from fleet.kit.discovery import Discovery, StaticDiscovery
from fleet.kit.keys import JWKS_PATH, KeySource, StaticKeys
from fleet.kit.settings import Settings
from fleet.kit.telemetry import Contract
from fleet.kit.tokens import KeyPair, jwks
from fleet.kit.transport import Received, Request, Transport, TransportError

_TYPES: dict[str, type | tuple[type, ...]] = {
    "date_nanos": str,
    "text": str,
    "keyword": str,
    "long": int,
    "short": int,
}
ADDRESSES = {"a": ["127.0.0.1:1", "127.0.0.1:2"], "b": ["127.0.0.1:3"], "users": ["127.0.0.1:8005"]}
_SUFFIXES = ("_bucket", "_count", "_sum")


@dataclass(slots=True)
class LineCapture:
    """A sink that keeps the lines, parsed."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, line: bytes) -> None:
        """Keep a line."""
        self.lines.append(json.loads(line))

    def of(self, action: str) -> list[dict[str, Any]]:
        """The lines of one event.action, in order."""
        return [line for line in self.lines if line["event.action"] == action]


Scripted = Received | TransportError | Callable[[Request], Received]


class FakeTransport:
    """Answers each request with the next of `script` (the last one for ever) and keeps what was sent."""

    def __init__(self, *script: Scripted) -> None:
        self.script: list[Scripted] = list(script)
        self.sent: list[Request] = []
        self.forgotten: set[str] = set()

    def send(self, request: Request) -> Received:
        """The scripted answer, or the scripted error raised."""
        self.sent.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, TransportError):
            raise step
        return step if isinstance(step, Received) else step(request)

    def forget(self, addresses: Iterable[str]) -> None:
        """Keep which addresses have gone."""
        self.forgotten.update(addresses)


def received(status: int = 200, document: object = None, **headers: str) -> Received:
    """An answer with a JSON body; keywords are header names with `_` for `-`."""
    body = b"" if document is None else json.dumps(document).encode()
    return Received(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@cache
def signing_pair() -> KeyPair:
    """The pair that signs all tokens of these helpers."""
    return KeyPair.generate()


@cache
def static_keys() -> KeySource:
    """What verifies them: the collaborator `keys` of an app under test."""
    return StaticKeys(jwks(signing_pair()))


def token(subject: str, service: str | Sequence[str], scope: str, **claims: Any) -> str:
    """A good token of `subject` for `service`; `claims` as `KeyPair.issue` takes them (`client_id`, `now`, ...)."""
    return signing_pair().issue(subject, audience=service, scope=scope, **{"life_seconds": 600, **claims})


def bearer(subject: str, service: str | Sequence[str], scope: str, **claims: Any) -> dict[str, str]:
    """The header that bears such a token."""
    return {"Authorization": f"Bearer {token(subject, service, scope, **claims)}"}


class Issuer:
    """Stands in for the service that issues tokens, as a step of `FakeTransport` or behind another one.

    Publishes `pairs` (the last one signs) and grants a service what `grants` says: callee -> scope.
    """

    def __init__(self, *pairs: KeyPair, grants: Mapping[str, str] | None = None) -> None:
        self.pairs = list(pairs or [signing_pair()])
        self.grants = dict(grants or {})
        self.expires_in = 300
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Received:
        """Answer like it."""
        path = urlsplit(request.url).path
        self.asked.append(path)
        if path == JWKS_PATH:
            return received(200, jwks(*self.pairs))
        return self._grant(request) if path == TOKEN_PATH else received(404)

    def _grant(self, request: Request) -> Received:
        [audience] = parse_qs((request.body or b"").decode())["audience"]
        scheme, _, pair = request.headers["Authorization"].partition(" ")
        client_id = base64.b64decode(pair).decode().partition(":")[0]
        if scheme != "Basic" or audience not in self.grants:
            return received(401, {"error": "invalid_client"})
        text = self.pairs[-1].issue(
            client_id,
            audience=[audience],
            scope=self.grants[audience],
            client_id=client_id,
            life_seconds=self.expires_in,
        )
        return received(200, {"access_token": text, "token_type": "Bearer", "expires_in": self.expires_in})


@dataclass(slots=True)
class Harness:
    """An app under test with everything that it emits."""

    app: KitApp
    client: FlaskClient
    captured: LineCapture
    registry: CollectorRegistry

    def sample(self, name: str, **labels: str) -> float | None:
        """A sample's value, None when there is no such series; all labels must be given."""
        return self.registry.get_sample_value(name, labels)

    def assert_contract(self) -> None:
        """Whatever has been emitted is in the contract."""
        assert_contract(self.app.kit.metrics.contract, self.registry, self.captured.lines)


def harness(
    service: str = "sample",
    settings: Settings | None = None,
    *,
    faults: Iterable[str] = (),
    discovery: Discovery | None = None,
    transport: Transport | None = None,
    keys: KeySource | None = None,
) -> Harness:
    """A bare kit app (add routes to `.app`), strict, with its own registry; the callees `a`, `b` and `users` have
    addresses, and the tokens of `token` are good unless `keys` says otherwise.
    """
    captured, registry = LineCapture(), CollectorRegistry()
    app = create_kit_app(
        service,
        settings or Settings(),
        faults=faults,
        registry=registry,
        discovery=discovery or StaticDiscovery(ADDRESSES),
        transport=transport or FakeTransport(received()),
        keys=keys or static_keys(),
        sink=captured,
        strict=True,
    )
    return Harness(app, app.test_client(), captured, registry)


def capture(app: KitApp) -> Harness:
    """What `harness` gives, around an app that a service's own factory made: its lines are redirected, its registry is read."""
    captured = LineCapture()
    app.kit.logs.handler.sink = captured
    app.kit.logs.strict = True
    return Harness(app, app.test_client(), captured, app.kit.metrics.registry)


def assert_contract(contract: Contract, registry: CollectorRegistry, lines: Sequence[dict[str, Any]]) -> None:
    """Raise AssertionError naming every metric, label, log field or type that the contract does not have."""
    wrong = [*_wrong_samples(contract, registry), *_wrong_fields(contract, lines)]
    if wrong:
        raise AssertionError("; ".join(sorted(set(wrong))))


def _wrong_samples(contract: Contract, registry: CollectorRegistry) -> Iterable[str]:
    for metric in registry.collect():
        for sample in metric.samples:
            name = sample.name
            if metric.type == "histogram":
                name = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
            spec = contract.metrics.get(name)
            if spec is None:
                yield f"metric {name} is not in the contract"
            elif sample.labels.keys() - {"le"} != set(spec.labels):
                yield f"metric {name} has labels {sorted(sample.labels)}"


def _wrong_fields(contract: Contract, lines: Sequence[dict[str, Any]]) -> Iterable[str]:
    for line in lines:
        for name, value in line.items():
            spec = contract.logs.get(name)
            if spec is None:
                yield f"log field {name} is not in the contract"
            elif not isinstance(value, _TYPES[spec.type]):
                yield f"log field {name} is {value!r}, not a {spec.type}"

"""Puts an app together: flask-openapi3 with every concern of the kit plugged in, in the order in which they must run.

What each concern does stands in its own module; the OpenAPI document is `openapi`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Response, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from fleet.kit import auth, logs, metrics, openapi, problems
from fleet.kit import exchange as exchanges
from fleet.kit.attempts import AttemptRecorder
from fleet.kit.body import StrictRequest
from fleet.kit.breaker import Breaker, Limits
from fleet.kit.client import ServiceClient, Timeouts
from fleet.kit.credentials import ServiceTokens, read_secret
from fleet.kit.discovery import Addresses, Discovery, FileDiscovery, StaticDiscovery
from fleet.kit.errors import BadRequest
from fleet.kit.exchange import Observer, Scope
from fleet.kit.faults import Faults
from fleet.kit.faults import init_app as init_faults
from fleet.kit.health import Health
from fleet.kit.keys import KeySource
from fleet.kit.logs import Level, Logs, Sink
from fleet.kit.loops import Loops
from fleet.kit.metrics import Metrics
from fleet.kit.retries import RetryPolicy
from fleet.kit.settings import Settings
from fleet.kit.standalone import FOLDER
from fleet.kit.telemetry import load_contract
from fleet.kit.transport import RequestsTransport, Transport
from fleet.kit.turns import InTurn, Turns


@dataclass(slots=True, kw_only=True)
class Kit:
    """What a service finds at `app.kit`."""

    service: str
    settings: Settings
    metrics: Metrics
    logs: Logs
    faults: Faults
    health: Health
    loops: Loops
    discovery: Discovery
    transport: Transport
    keys: KeySource | None = None  # none: those that the issuer of tokens publishes
    _credentials: ServiceTokens | None = None
    _clients: dict[str, ServiceClient] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def client(self, callee: str) -> ServiceClient:
        """The way to another service; the same object each time, since budget and balance belong to the callee."""
        with self._lock:
            if callee not in self._clients:
                self._clients[callee] = ServiceClient(
                    callee=callee,
                    discovery=self.discovery,
                    transport=self.transport,
                    recorder=AttemptRecorder(self.metrics, self.logs, callee),
                    timeouts=Timeouts(
                        self.settings.connect_timeout, self.settings.read_timeout, self.settings.deadline
                    ),
                    policy=RetryPolicy(attempts=self.settings.attempts),
                    gate=Breaker(
                        Limits(self.settings.breaker_silences, self.settings.breaker_open), changed=self._tell_breaker
                    ),
                )
            return self._clients[callee]

    @property
    def credentials(self) -> ServiceTokens:
        """This service's own tokens, for calls that it makes for itself.

        Raises:
            SettingsError: the client secret cannot be read.
        """
        issuer = self.client(auth.USERS)
        with self._lock:
            if self._credentials is None:
                self._credentials = ServiceTokens(issuer, self.service, self._secret(), logs=self.logs)
            return self._credentials

    def _secret(self) -> str:
        """Empty when the service was started by hand before its secret was made: it can do what needs none."""
        file = self.settings.client_secret_file or FOLDER / "secrets" / self.service
        return read_secret(file) if self.settings.client_secret_file or file.exists() else ""

    def _tell_breaker(self, callee: str, address: str, opened: bool) -> None:  # noqa: FBT001 - a callback
        action, what = ("breaker.opened", "is left alone") if opened else ("breaker.closed", "answers again")
        level: Level = "warning" if opened else "info"
        self.logs.event(action, f"{callee} at {address} {what}", level=level, server_address=callee)

    def background(self) -> AbstractContextManager[Scope]:
        """A trace of its own for work that no request started."""
        return exchanges.background()


class KitApp(OpenAPI):
    """A Flask app whose views may return pydantic models, whose errors are problems and whose JSON is strict."""

    request_class = StrictRequest
    kit: Kit

    def make_response(self, rv: Any) -> Response:
        """As Flask's, and a model, alone or first in a tuple, becomes its JSON."""
        if isinstance(rv, BaseModel):
            return Response(rv.model_dump_json(by_alias=True), mimetype="application/json")
        if isinstance(rv, tuple) and isinstance(rv[0], BaseModel):
            return super().make_response((self.make_response(rv[0]), *rv[1:]))
        return super().make_response(rv)

    @property
    def api_doc(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document, built on the first call."""
        if not self.spec_json:
            self.generate_spec_json()  # type: ignore[no-untyped-call] # flask-openapi3 leaves it untyped
            openapi.describe_problems(self.spec_json)
        return self.spec_json


def create_kit_app(  # noqa: PLR0913 - each argument is a collaborator
    service: str,
    settings: Settings,
    *,
    faults: Iterable[str] = (),
    registry: CollectorRegistry | None = None,
    by_hand: Addresses = auth.DEFAULT_ADDRESSES,
    discovery: Discovery | None = None,
    transport: Transport | None = None,
    keys: KeySource | None = None,
    sink: Sink | None = None,
    strict: bool = False,
) -> KitApp:
    """An app without routes but /openapi.json. `faults` are the service's own, `by_hand` is where the others are when no
    discovery is set; `strict` makes a log field outside the contract an error; the rest replaces collaborators (tests do).

    Raises:
        ContractError: telemetry.yml is missing or wrong.
    """
    contract = load_contract(settings.telemetry_file)
    own_logs = Logs(
        contract,
        service,
        instance=settings.name_of(service),
        level=settings.log_level,
        sink=sink or _sink(settings),
        strict=strict,
    )
    own_faults = Faults(enabled=settings.faults, own=faults)
    own_logs.formatter.skew = own_faults.skew
    kit = Kit(
        service=service,
        settings=settings,
        metrics=Metrics(contract, registry),
        logs=own_logs,
        faults=own_faults,
        health=Health(),
        loops=Loops(own_logs),
        discovery=discovery or _discovery(settings, by_hand),
        transport=transport
        or RequestsTransport(2 * settings.threads),  # loops and fan-outs call beside the request threads
        keys=keys,
    )
    return _wire(_bare_app(service, settings), kit)


def _sink(settings: Settings) -> Sink:
    return logs.open_sink(settings.own_log_file(), most=settings.log_file_bytes, echo=settings.log_echo)


def _discovery(settings: Settings, by_hand: Addresses) -> Discovery:
    if settings.discovery_file:
        return FileDiscovery(settings.discovery_file)
    if settings.discovery_dns_port:
        from fleet.kit.dns import DnsDiscovery  # a resolver takes its time to import

        return DnsDiscovery(settings.discovery_dns_port)
    return StaticDiscovery(by_hand)


def _bare_app(service: str, settings: Settings) -> KitApp:
    app = KitApp(
        service,
        info=Info(title=service, version="1"),
        security_schemes=openapi.SECURITY_SCHEMES,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.refuse_invalid,
        doc_ui=False,
        static_folder=None,
        root_path=str(Path(__file__).parent),  # else Flask looks for a module that is called like the service
    )
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    # It would answer a mistyped path with a redirect, and our clients follow none.
    app.url_map.merge_slashes = False
    return app


def _wire(app: KitApp, kit: Kit) -> KitApp:
    app.kit = kit
    observer = Observer(app.wsgi_app, kit.settings.deadline)
    turns = Turns(kit.settings.threads)
    app.wsgi_app = InTurn(observer, turns)  # type: ignore[method-assign] # Flask documents wrapping it
    metrics.init_app(observer, kit.metrics, turns, kit.settings.threads, counted=kit.faults.spares("stop-counting"))
    logs.init_app(observer, kit.logs, logged=kit.faults.spares("drop-logs"))
    problems.init_app(app)
    app.before_request(_refuse_hosts)
    app.before_request(exchanges.stop_when_late)
    init_faults(app, kit.faults)
    openapi.init_app(app)
    return app


def _refuse_hosts() -> None:
    """Whom a request is for must be said once (RFC 9112, section 3.2); granian shows none as "" and joins two with a comma."""
    host = request.headers.get("Host", "")
    if not host or "," in host:
        raise BadRequest("The request needs exactly one Host header.")

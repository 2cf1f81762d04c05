"""The public routes as views: token check, rate limit, forward. And the document of the whole."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Blueprint, Response, jsonify, request

from fleet.gateway.clients import Clients, documents, forward
from fleet.gateway.model import ROUTES, PublicRoute, merged
from fleet.gateway.store import Buckets
from fleet.kit import auth
from fleet.kit.errors import TooManyRequests
from fleet.kit.tokens import Verifier

TITLE, VERSION = "The shop", "1"


def public_routes(clients: Clients, verifier: Verifier, buckets: Buckets) -> tuple[Blueprint, Blueprint]:
    """The routes that anybody may ask, and those that need a token."""
    opened, guarded = Blueprint("open", __name__), Blueprint("guarded", __name__)
    auth.protect(guarded, verifier)

    def limit() -> None:
        seconds = buckets.take(auth.subject())
        if seconds:
            raise TooManyRequests(f"Too many requests; try again in {seconds} s.", retry_after=seconds)

    guarded.before_request(limit)
    for route in ROUTES:
        blueprint = guarded if route.token else opened
        endpoint = f"{route.method} {route.template}".replace(".", "_")
        blueprint.add_url_rule(route.rule, endpoint, _view(clients, route), methods=[route.method])
    return opened, guarded


def _view(clients: Clients, route: PublicRoute) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return forward(clients, route, request, path)

    return view


def document_view(clients: Clients) -> Callable[[], Response]:
    """The view of the whole's OpenAPI document, put together once all services have given theirs."""
    lock = Lock()
    whole: dict[str, Any] = {}

    def view() -> Response:
        with lock:
            if not whole:
                whole.update(merged(TITLE, VERSION, documents(clients)))
        return jsonify(whole)

    return view

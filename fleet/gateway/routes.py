"""The public routes as views: token check, rate limit, forward. And the document of the whole."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network
from threading import Lock
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.sansio.scaffold import Scaffold

from fleet.gateway.clients import Clients, documents, forward
from fleet.gateway.model import ROUTES, PublicRoute, merged
from fleet.gateway.store import Buckets
from fleet.kit import auth
from fleet.kit.errors import TooManyRequests
from fleet.kit.tokens import Verifier

IPV6_PREFIX = 64


def public_routes(clients: Clients) -> tuple[Blueprint, Blueprint, Blueprint]:
    """The routes that anybody may ask, those of them that cost much, and those that need a token."""
    opened, costly, guarded = (Blueprint(name, __name__) for name in ("open", "costly", "guarded"))
    for route in ROUTES:
        blueprint = guarded if route.token else costly if route.costly else opened
        endpoint = f"{route.method} {route.template}".replace(".", "_")
        blueprint.add_url_rule(route.rule, endpoint, _view(clients, route), methods=[route.method])
    return opened, costly, guarded


def guard(blueprint: Blueprint, verifier: Verifier, buckets: Buckets) -> None:
    """Let callers with a token pass, each at the rate that one may have."""
    auth.protect(blueprint, verifier)
    limit(blueprint, buckets, auth.subject)


def limit(blueprint: Scaffold, buckets: Buckets, whose: Callable[[], str]) -> None:
    """Bound the rate of requests by whom they come from."""

    def check() -> None:
        seconds = buckets.take(whose())
        if seconds:
            raise TooManyRequests(f"Too many requests; try again in {seconds} s.", retry_after=seconds)

    blueprint.before_request(check)


def address() -> str:
    """Whence the running request comes; of IPv6 the network, since whoever has one address of it has 2^64.

    What a header says of it is not believed: anybody could write there what he likes.
    """
    text = request.remote_addr or ""
    try:
        given = ip_address(text)
    except ValueError:  # a test's, or a socket's without an address
        return text
    if isinstance(given, IPv4Address):
        return text
    return str(given.ipv4_mapped or ip_network((int(given), IPV6_PREFIX), strict=False))


def _view(clients: Clients, route: PublicRoute) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return forward(clients, route, request, path)

    return view


def document_view(own: Callable[[], dict[str, Any]], clients: Clients) -> Callable[[], Response]:
    """The view of the whole's OpenAPI document, put together once all services have given theirs; `own` is the gateway's."""
    lock = Lock()
    whole: dict[str, Any] = {}

    def view() -> Response:
        with lock:
            if not whole:
                whole.update(merged(own(), documents(clients)))
        return jsonify(whole)

    return view

"""The home page: its parts asked for at once, each missing by itself when it does not come in time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fleet.gateway.clients import Clients
from fleet.gateway.model import HOME_ITEMS, PARTS, Home, Part
from fleet.kit import auth
from fleet.kit.app import Kit
from fleet.kit.errors import ClientError

GRACE_SECONDS = 0.1  # a call that ends with its time-out should still tell so
Items = list[dict[str, Any]]


class HomePage:
    """Asks for the parts on threads of its own, three for each request thread: so many can be under way at once."""

    def __init__(self, clients: Clients, kit: Kit, seconds: float) -> None:
        self._clients = clients
        self._seconds = seconds
        self._missing = kit.metrics.counter("home_parts_missing_total")
        self._threads = ThreadPoolExecutor(len(PARTS) * kit.settings.threads, thread_name_prefix="home")

    def page(self, headers: Mapping[str, str]) -> Home:
        """The page, after `seconds` at most; calls share the request's trace and deadline."""
        asked = {part: self._threads.submit(copy_context().run, self._items, part, headers) for part in PARTS}
        wait(asked.values(), timeout=self._seconds + GRACE_SECONDS)
        parts = {part.name: _came(future) for part, future in asked.items()}
        missing = [name for name, items in parts.items() if items is None]
        for name in missing:
            self._missing.labels(home_part=name).inc()
        return Home(**parts, missing=missing)

    def _items(self, part: Part, headers: Mapping[str, str]) -> Items:
        client, query = self._clients[part.callee], {"limit": HOME_ITEMS}
        answer = client.get(part.template, params=query, headers=headers, timeout=self._seconds)
        return list(answer.expect(200).json()["items"])


def _came(future: Future[Items]) -> Items | None:
    """What a call came to; None when it failed, or has not ended yet."""
    if not future.done():
        future.cancel()
        return None
    try:
        return future.result()
    except (ClientError, KeyError, TypeError):  # its attempt is on record
        return None


def home_routes(page: HomePage) -> APIBlueprint:
    """The gateway's own view."""
    routes = APIBlueprint("home", __name__, abp_security=auth.SECURITY)

    @routes.get("/v1/home", summary="The home page", responses={200: Home})
    def view_home() -> Response:
        return Response(page.page(auth.onward()).model_dump_json(), mimetype="application/json")

    return routes

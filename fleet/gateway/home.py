"""The home page: its parts asked for at once, each missing by itself when it fails or does not come in time.

Calls run on threads of their own, three for each request thread, so every page under way finds its three free. Only calls
that outlive their page take one from it (a callee may drip, and each drop keeps a call alive): then a part queues, its time
running, and what comes to its turn too late is not asked for at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from time import monotonic
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ValidationError

from fleet.gateway.clients import Clients
from fleet.gateway.model import HOME_ITEMS, PARTS, Home, Listing, Part
from fleet.kit import auth, exchange
from fleet.kit.app import Kit
from fleet.kit.errors import ClientError, DeadlineExceeded, UnexpectedAnswer

GRACE_SECONDS = 0.1  # a call that ends with its time-out should still tell so
Items = list[dict[str, Any]]


class HomePage:
    """Asks for the parts; safe for threads."""

    def __init__(self, clients: Clients, kit: Kit, seconds: float) -> None:
        self._clients = clients
        self._seconds = seconds
        self._logs = kit.logs
        self._counter = kit.metrics.counter("home_parts_missing_total")
        for part in PARTS:  # at 0 from the start: of a series that is born with the first missing part no rate tells
            self._counter.labels(home_part=part.name)
        self._threads = ThreadPoolExecutor(len(PARTS) * kit.settings.threads, thread_name_prefix="home")

    def page(self, headers: Mapping[str, str]) -> Home:
        """The page, after `seconds` at most, and before the request's own deadline; calls share the request's trace."""
        end = self._end()
        asked = {part: self._threads.submit(copy_context().run, self._items, part, headers, end) for part in PARTS}
        wait(asked.values(), timeout=max(0.0, end + GRACE_SECONDS - monotonic()))
        came = {part: _outcome(future) for part, future in asked.items()}
        missing = {part: outcome for part, outcome in came.items() if isinstance(outcome, ClientError)}
        for part, why in missing.items():
            self._tell(part, why)
        return Home(
            **{part.name: None if part in missing else items for part, items in came.items()},
            missing=[part.name for part in missing],
        )

    def close(self) -> None:
        """Wait for the calls that are under way; there may be no page after it."""
        self._threads.shutdown()

    def _end(self) -> float:
        """When the calls must have ended, an instant of `time.monotonic`."""
        end, scope = monotonic() + self._seconds, exchange.current()
        return end if scope is None or scope.deadline is None else min(end, scope.deadline - GRACE_SECONDS)

    def _items(self, part: Part, headers: Mapping[str, str], end: float) -> Items:
        client, query = self._clients[part.callee], {"limit": HOME_ITEMS}
        answer = client.get(part.template, params=query, headers=headers, timeout=end - monotonic())
        try:
            return Listing.model_validate(answer.expect(200).json()).items
        except ValidationError:
            raise UnexpectedAnswer(f"{part.callee} answered without items.", callee=part.callee) from None

    def _tell(self, part: Part, why: ClientError) -> None:
        self._counter.labels(home_part=part.name).inc()
        self._logs.event(
            "home.part.missing",
            f"A home page went out without {part.name}",
            level="warning",
            server_address=part.callee,
            error_type=type(why).__name__,
            error_message=str(why),
        )


def _outcome(future: Future[Items]) -> Items | ClientError:
    """What a call came to; a bug in it is raised."""
    if not future.done():
        future.cancel()
        return DeadlineExceeded("It did not come in time.")
    try:
        return future.result()
    except ClientError as error:
        return error


def home_routes(page: HomePage) -> APIBlueprint:
    """The gateway's own view."""
    routes = APIBlueprint("home", __name__, abp_security=auth.SECURITY)

    @routes.get("/v1/home", summary="The home page", responses={200: Home})
    def view_home() -> Response:
        return Response(page.page(auth.onward()).model_dump_json(), mimetype="application/json")

    return routes

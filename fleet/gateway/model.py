"""The public door as data: what is open to the world, who answers it, and whether it needs a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from fleet.kit.errors import TooManyRequests
from fleet.kit.problems import MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class PublicRoute:
    """`template` is the URL template in OpenAPI's braces, the same at the callee; `costly` without a token is limited by address."""

    method: str
    template: str
    callee: str
    token: bool = True
    costly: bool = False

    @property
    def rule(self) -> str:
        """The template as Flask writes it."""
        return self.template.replace("{", "<").replace("}", ">")


ROUTES = (
    PublicRoute("GET", "/v1/products", "catalog", token=False),
    PublicRoute("GET", "/v1/products/{product_id}", "catalog", token=False),
    PublicRoute("GET", "/v1/stock/{product_id}", "inventory", token=False),
    PublicRoute("POST", "/v1/users/register", "users", token=False, costly=True),
    PublicRoute("POST", "/v1/users/login", "users", token=False, costly=True),
    PublicRoute("GET", "/v1/users/me", "users"),
    PublicRoute("PATCH", "/v1/users/me", "users"),
    PublicRoute("GET", "/v1/accounts/me", "payments"),
    PublicRoute("POST", "/v1/accounts/me/deposits", "payments"),
    PublicRoute("POST", "/v1/orders", "orders"),
    PublicRoute("GET", "/v1/orders", "orders"),
    PublicRoute("GET", "/v1/orders/{order_id}", "orders"),
    PublicRoute("POST", "/v1/orders/{order_id}/cancel", "orders"),
    PublicRoute("GET", "/v1/activity", "activity"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the home page: the first items of a listing."""

    name: str
    callee: str
    template: str


PARTS = (
    Part("highlights", "catalog", "/v1/products"),
    Part("orders", "orders", "/v1/orders"),
    Part("feed", "activity", "/v1/activity"),
)
HOME_ITEMS = 5
PROBLEM = "#/components/schemas/Problem"


class Listing(BaseModel):
    """What of a listing the home page shows."""

    items: list[dict[str, Any]]


class Home(BaseModel):
    """The home page: parts as their services list them; one that did not come in time is null, and named in `missing`."""

    highlights: list[dict[str, Any]] | None = Field(description="Products.")
    orders: list[dict[str, Any]] | None = Field(description="The caller's latest orders.")
    feed: list[dict[str, Any]] | None = Field(description="What became of the caller's orders.")
    missing: list[str]


# Hop-by-hop headers (RFC 9110, section 7.6.1) and everything else that nobody behind, or before, the door needs stay out.
REQUEST_HEADERS = ("Content-Type", "Content-Encoding", "Authorization", "Idempotency-Key", "If-None-Match")
RESPONSE_HEADERS = (
    "Content-Type",
    "Location",
    "Retry-After",
    "Idempotent-Replayed",
    "WWW-Authenticate",
    "Allow",
    "Accept",
    "ETag",
    "Cache-Control",
)


def merged(own: dict[str, Any], documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One OpenAPI 3.1 document of the public operations: the gateway's own, and those of the services by name.

    Components of all services share one namespace: the kit's are the same everywhere, and a service's own must be
    told apart by name, so the same name for two different things is refused.

    Raises:
        ValueError: a public operation is missing, or a component's name means two things.
    """
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": own["info"],
        "paths": dict(own["paths"]),
        "components": {},
    }
    for route in ROUTES:
        operation = documents[route.callee].get("paths", {}).get(route.template, {}).get(route.method.lower())
        if operation is None:
            raise ValueError(f"{route.callee} does not document {route.method} {route.template}.")
        limited = operation if not (route.token or route.costly) else {**operation, "responses": _limited(operation)}
        whole["paths"].setdefault(route.template, {})[route.method.lower()] = limited
    wanted = _references(whole["paths"]) | _schemes(whole["paths"])
    for name, document in {"gateway": own, **documents}.items():
        _take_components(whole["components"], document.get("components", {}), wanted, name)
    return whole


def _limited(operation: dict[str, Any]) -> dict[str, Any]:
    """The answers of an operation whose rate the gateway limits."""
    refusal = {"description": TooManyRequests.title, "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM}}}}
    return {str(TooManyRequests.status): refusal, **operation.get("responses", {})}


def _take_components(into: dict[str, Any], given: dict[str, dict[str, Any]], wanted: set[str], service: str) -> None:
    reached = _closure(wanted, given)
    for kind, entries in given.items():
        kept = {name: entry for name, entry in entries.items() if name in reached}
        here = into.setdefault(kind, {})
        clashes = [name for name, entry in kept.items() if here.get(name, entry) != entry]
        if clashes:
            raise ValueError(f"{service} gives {kind} {clashes[0]} another meaning than a service before it.")
        here.update(kept)


def _schemes(paths: dict[str, dict[str, Any]]) -> set[str]:
    """The ways to prove who one is that are asked for anywhere."""
    operations = [operation for item in paths.values() for operation in item.values()]
    return {name for operation in operations for way in operation.get("security", []) for name in way}


def _closure(wanted: set[str], given: dict[str, dict[str, Any]]) -> set[str]:
    """The components that are wanted, and the schemas that they refer to in turn."""
    schemas, reached, left = given.get("schemas", {}), set[str](), set(wanted)
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left |= _references(schemas.get(name))
    return reached


def _references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {str(node["$ref"]).rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    return set().union(*(_references(value) for value in node)) if isinstance(node, list) else set()

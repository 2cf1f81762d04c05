"""What clients ask of the shop: each request, its right answers, and the services that a success must touch.

The users service is named where it answers itself only: others ask it for keys and tokens now and then, not each time.
"""

from __future__ import annotations

from typing import Any

from seatrial.openloop.steps import Step, has, problem

_page = has("items")
_product = has("id", "name", "price")
_me = has("id", "name", "display_name")
_PLACED = {201: has("id", "total", status="confirmed"), 402: problem("payment-declined"), 409: problem("sold-out")}
_WANTED = {"product_id": "product_id", "quantity": "quantity"}
_ORDERING = ("gateway", "orders", "catalog", "inventory", "payments")


def _whole_page(body: Any) -> str | None:
    """A home page with all its parts: one that lacks some says so, and is no success to whoever wanted it."""
    wrong = has("highlights", "orders", "feed", missing=[])(body)
    missing = body.get("missing") if isinstance(body, dict) else None
    return f"missing {', '.join(missing)}" if missing else wrong


LIST_PRODUCTS = Step("list-products", "GET", "/v1/products", {200: _page}, touches=("gateway", "catalog"))
SEARCH_PRODUCTS = Step("search-products", "GET", "/v1/products", {200: _page}, touches=("gateway", "catalog"))
VIEW_PRODUCT = Step(
    "view-product",
    "GET",
    "/v1/products/{product_id}",
    {200: _product},
    touches=("gateway", "catalog"),
    echoes={"id": "product_id"},
    bears=("ETag",),
)
REVISIT_PRODUCT = Step(
    "revisit-product",
    "GET",
    "/v1/products/{product_id}",
    {200: _product, 304: None},
    touches=("gateway", "catalog"),
    echoes={"id": "product_id"},
    bears=("ETag",),
)
VIEW_STOCK = Step(
    "view-stock",
    "GET",
    "/v1/stock/{product_id}",
    {200: has("product_id", "available")},
    touches=("gateway", "inventory"),
    echoes={"product_id": "product_id"},
)
PLACE_ORDER = Step(
    "place-order",
    "POST",
    "/v1/orders",
    _PLACED,
    touches=_ORDERING,
    keyed=True,
    authorized=True,
    ref="id",
    echoes=_WANTED,
)
# The same request under the same key: nothing happens but the answer, so no other service need be touched.
REPEAT_ORDER = Step(
    "repeat-order",
    "POST",
    "/v1/orders",
    _PLACED,
    touches=("gateway", "orders"),
    authorized=True,
    ref="id",
    echoes=_WANTED,
    bears=("Idempotent-Replayed",),
)
CANCEL_ORDER = Step(
    "cancel-order",
    "POST",
    "/v1/orders/{order_id}/cancel",
    {200: has("id", "total", status="cancelled")},
    touches=("gateway", "orders", "inventory", "payments"),
    keyed=True,
    authorized=True,
    ref="id",
    echoes={"id": "order_id"},
)
VIEW_ORDER = Step(
    "view-order",
    "GET",
    "/v1/orders/{order_id}",
    {200: has("id", "status", "total")},
    touches=("gateway", "orders"),
    authorized=True,
    echoes={"id": "order_id"},
)
# Asked with another customer's token: whoever's it is not must not even learn that there is such an order.
VIEW_OTHERS_ORDER = Step(
    "view-others-order",
    "GET",
    "/v1/orders/{order_id}",
    {404: problem("not-found")},
    touches=("gateway", "orders"),
)
LIST_ORDERS = Step("list-orders", "GET", "/v1/orders", {200: _page}, touches=("gateway", "orders"), authorized=True)
VIEW_ACCOUNT = Step(
    "view-account",
    "GET",
    "/v1/accounts/me",
    {200: has("id", "balance")},
    touches=("gateway", "payments"),
    authorized=True,
)
# At the gateway's own view: whatever the door lets through gets a page, even if those behind it do not follow.
EXPIRED_TOKEN = Step("expired-token", "GET", "/v1/home", {401: problem("unauthorized")}, touches=("gateway",))
DEPOSIT = Step(
    "deposit",
    "POST",
    "/v1/accounts/me/deposits",
    {201: has("id", "amount", "balance")},
    touches=("gateway", "payments"),
    keyed=True,
    authorized=True,
    ref="id",
    echoes={"amount": "amount"},
)
VIEW_HOME = Step(
    "view-home",
    "GET",
    "/v1/home",
    {200: _whole_page},
    touches=("gateway", "catalog", "orders", "activity"),
    authorized=True,
)
LIST_ACTIVITY = Step(
    "list-activity", "GET", "/v1/activity", {200: _page}, touches=("gateway", "activity"), authorized=True
)
REGISTER = Step(
    "register",
    "POST",
    "/v1/users/register",
    {201: _me},
    touches=("gateway", "users"),
    ref="id",
    echoes={"name": "name", "display_name": "display_name"},
)
LOGIN = Step(
    "login",
    "POST",
    "/v1/users/login",
    {200: has("access_token", "expires_in", token_type="Bearer")},  # noqa: S106 - the kind of token
    touches=("gateway", "users"),
)
VIEW_ME = Step("view-me", "GET", "/v1/users/me", {200: _me}, touches=("gateway", "users"), authorized=True)
RENAME_ME = Step(
    "rename-me",
    "PATCH",
    "/v1/users/me",
    {200: _me},
    touches=("gateway", "users"),
    authorized=True,
    echoes={"display_name": "display_name"},
)

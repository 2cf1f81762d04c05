"""What clients ask of the shop: each request, its right answers, and the services that a success must touch."""

from __future__ import annotations

from seatrial.openloop.steps import Step, has, problem

_page = has("items")

LIST_PRODUCTS = Step("list-products", "GET", "/v1/products", {200: _page}, touches=("gateway", "catalog"))
SEARCH_PRODUCTS = Step("search-products", "GET", "/v1/products", {200: _page}, touches=("gateway", "catalog"))
VIEW_PRODUCT = Step(
    "view-product",
    "GET",
    "/v1/products/{product_id}",
    {200: has("id", "name", "price")},
    touches=("gateway", "catalog"),
)
VIEW_STOCK = Step(
    "view-stock",
    "GET",
    "/v1/stock/{product_id}",
    {200: has("product_id", "available")},
    touches=("gateway", "inventory"),
)
PLACE_ORDER = Step(
    "place-order",
    "POST",
    "/v1/orders",
    {201: has("id", "total", status="confirmed"), 402: problem("payment-declined"), 409: problem("sold-out")},
    touches=("gateway", "orders", "catalog", "inventory", "payments"),
    keyed=True,
    authorized=True,
    ref="id",
)
VIEW_ORDER = Step(
    "view-order",
    "GET",
    "/v1/orders/{order_id}",
    {200: has("id", "status", "total")},
    touches=("gateway", "orders"),
    authorized=True,
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
DEPOSIT = Step(
    "deposit",
    "POST",
    "/v1/accounts/me/deposits",
    {201: has("id", "amount", "balance")},
    touches=("gateway", "payments"),
    keyed=True,
    authorized=True,
    ref="id",
)

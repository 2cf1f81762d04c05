"""The catalog's views; they need no token. Who has seen an answer before asks with its ETag, and gets 304 while it holds."""

from __future__ import annotations

from hashlib import sha256

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from werkzeug.http import parse_etags

from fleet.catalog.model import HEADERS, Condition, Product, ProductPage, ProductPath, ProductQuery
from fleet.catalog.store import CatalogStore
from fleet.kit.errors import NotFound
from fleet.kit.paging import decode_cursor, page

UNCHANGED = {"headers": HEADERS}


def product_routes(store: CatalogStore) -> APIBlueprint:
    """Products, one or many."""
    routes = APIBlueprint("products", __name__)

    @routes.get("/v1/products", summary="List or search", responses={200: ProductPage, 304: UNCHANGED})
    def list_products(header: Condition, query: ProductQuery) -> Response:
        found = store.products(query.q, decode_cursor(query.cursor), query.limit + 1)
        items, following = page(found, query.limit, lambda product: product.id)
        return answer(ProductPage(items=items, next_cursor=following), header)

    @routes.get("/v1/products/<product_id>", summary="One product", responses={200: Product, 304: UNCHANGED})
    def view_product(header: Condition, path: ProductPath) -> Response:
        product = store.product(path.product_id)
        if product is None:
            raise NotFound(f"There is no product {path.product_id}.")
        return answer(product, header)

    return routes


def answer(model: Product | ProductPage, header: Condition) -> Response:
    """The model as JSON, written by pydantic: Flask's own writer would take three times as long for a page.

    The ETag is of the body, so it holds on every replica; 304 without a body when the caller has it (RFC 9110, 13.1.2).
    """
    body = model.model_dump_json().encode()
    tag = sha256(body).hexdigest()[:32]
    known = parse_etags(header.if_none_match).contains_weak(tag)
    response = Response(status=304) if known else Response(body, mimetype="application/json")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"  # keep it, but ask each time whether it still holds
    return response

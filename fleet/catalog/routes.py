"""The catalog's views; they need no token."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fleet.catalog.model import Product, ProductPage, ProductPath, ProductQuery
from fleet.catalog.store import CatalogStore
from fleet.kit.errors import NotFound
from fleet.kit.paging import decode_cursor, page


def product_routes(store: CatalogStore) -> APIBlueprint:
    """Products, one or many."""
    routes = APIBlueprint("products", __name__)

    @routes.get("/v1/products", summary="List or search", responses={200: ProductPage})
    def list_products(query: ProductQuery) -> Response:
        found = store.products(query.q, decode_cursor(query.cursor), query.limit + 1)
        items, following = page(found, query.limit, lambda product: product.id)
        return answer(ProductPage(items=items, next_cursor=following))

    @routes.get("/v1/products/<product_id>", summary="One product", responses={200: Product})
    def view_product(path: ProductPath) -> Response:
        product = store.product(path.product_id)
        if product is None:
            raise NotFound(f"There is no product {path.product_id}.")
        return answer(product)

    return routes


def answer(model: Product | ProductPage) -> Response:
    """The model as JSON, written by pydantic: Flask's own writer would take three times as long for a page."""
    return Response(model.model_dump_json(), mimetype="application/json")

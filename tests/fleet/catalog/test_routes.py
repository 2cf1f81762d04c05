from __future__ import annotations

import pytest
from shop_in_process import PRICE, Shop


def test_a_product_is_open_to_everybody(shop: Shop) -> None:
    product = shop.goods()
    answer = shop.client("catalog").get(f"/v1/products/{product}")
    assert answer.get_json() == {"id": product, "name": product, "description": "", "price": PRICE}


@pytest.mark.parametrize("product,status", [("none", 404), ("a%20b", 422), ("x" * 65, 422), ("a/b", 404)])
def test_a_product_that_is_not_there(shop: Shop, product: str, status: int) -> None:
    assert shop.client("catalog").get(f"/v1/products/{product}").status_code == status


def test_pages_hold_every_product_once(shop: Shop) -> None:
    made = {shop.goods() for _ in range(5)}
    seen: list[str] = []
    query = {"limit": "2"}
    while query:
        page = shop.client("catalog").get("/v1/products", query_string=query).get_json()
        seen += [product["id"] for product in page["items"]]
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert made <= set(seen)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    "query,status",
    [
        ("limit=1", 200),
        ("limit=100", 200),
        ("q=", 200),
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=two", 422),
        ("sort=price", 422),
        ("q=" + "x" * 101, 422),
        ("cursor=!", 400),
        ("cursor=cHJvZA==", 400),
    ],
)
def test_a_listing_is_asked_for_rightly_or_refused(shop: Shop, query: str, status: int) -> None:
    assert shop.client("catalog").get(f"/v1/products?{query}").status_code == status

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


@pytest.mark.parametrize("path", ["/v1/products/{}", "/v1/products?q={}"], ids=["one", "many"])
def test_who_has_an_answer_already_is_told_so(shop: Shop, path: str) -> None:
    client, asked = shop.client("catalog"), path.format(shop.goods())
    tag = client.get(asked).headers["ETag"]
    answer = client.get(asked, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    "form,status",
    [("{}", 304), ("W/{}", 304), ('"other", {}', 304), ("*", 304), ('"other"', 200), ("rubbish", 200), ("", 200)],
)
def test_tags_are_compared_as_they_are_written(shop: Shop, form: str, status: int) -> None:
    client, asked = shop.client("catalog"), f"/v1/products/{shop.goods()}"
    tag = client.get(asked).headers["ETag"]
    assert client.get(asked, headers={"If-None-Match": form.format(tag)}).status_code == status


def test_two_products_have_two_tags(shop: Shop) -> None:
    tags = {shop.client("catalog").get(f"/v1/products/{shop.goods()}").headers["ETag"] for _ in range(2)}
    assert len(tags) == 2


def test_what_is_not_there_has_no_tag(shop: Shop) -> None:
    answer = shop.client("catalog").get("/v1/products/none", headers={"If-None-Match": "*"})
    assert (answer.status_code, "ETag" in answer.headers) == (404, False)


def test_pages_neither_skip_nor_repeat_while_products_come(shop: Shop) -> None:
    before = [shop.goods() for _ in range(5)]
    seen: list[str] = []
    query = {"limit": "2"}
    while query:
        page = shop.client("catalog").get("/v1/products", query_string=query).get_json()
        seen += [product["id"] for product in page["items"]]
        if len(seen) < 30:
            shop.goods()
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert set(before) <= set(seen)
    assert len(seen) == len(set(seen))

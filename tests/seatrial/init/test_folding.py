import pytest

from seatrial.init.folding import MANY, Folded, fold, looks_like_id


@pytest.mark.parametrize(
    "segment",
    [
        pytest.param("42", id="number"),
        pytest.param("7f9c24e8-3b12-4ef0-9a01-2b3c4d5e6f70", id="UUID"),
        pytest.param("507f1f77bcf86cd799439011", id="object id"),
        pytest.param("01ARZ3NDEKTSV4RRFFQ69G5FAV", id="ULID"),
        pytest.param("2026-11-25", id="date"),
        pytest.param("order-17", id="code"),
    ],
)
def test_an_id_is_seen(segment: str) -> None:
    assert looks_like_id(segment)


@pytest.mark.parametrize("segment", ["items", "v1", "V2", "search", "oauth2", "facade", "", "dead-letters", "top10s"])
def test_a_word_is_no_id(segment: str) -> None:
    assert not looks_like_id(segment)


@pytest.mark.parametrize(
    "path, template, values",
    [
        ("/", "/", ()),
        ("/items", "/items", ()),
        ("/items/", "/items/", ()),
        ("/items/42", "/items/{item_id}", ("42",)),
        ("/v1/42", "/v1/{id}", ("42",)),
        ("/users/7/orders/9", "/users/{user_id}/orders/{order_id}", ("7", "9")),
        ("/categories/3/4", "/categories/{category_id}/{id}", ("3", "4")),
        ("/items/4/items/5", "/items/{item_id}/items/{item_id_2}", ("4", "5")),
        ("/class/1", "/class/{class__id}", ("1",)),
        ("/a%20b/1", "/a%20b/{a_b_id}", ("1",)),
        ("/{x}", "/%7Bx%7D", ()),
    ],
)
def test_ids_become_parameters(path: str, template: str, values: tuple[str, ...]) -> None:
    assert fold([path]) == {path: Folded(template, values)}


def test_a_trailing_slash_is_no_value() -> None:
    assert {each.template for each in fold(["/items/", "/items/42"]).values()} == {"/items/", "/items/{item_id}"}


def test_too_many_words_in_one_place_are_values() -> None:
    words = ["red", "blue", "green"] + [f"colour{'x' * number}" for number in range(MANY)]
    paths = [f"/paints/{word}/cans" for word in words]
    assert {each.template for each in fold(paths).values()} == {"/paints/{paint_id}/cans"}


def test_few_words_are_routes() -> None:
    assert {each.template for each in fold(["/paints/red", "/paints/blue"]).values()} == {"/paints/red", "/paints/blue"}


def test_first_segments_stay_routes_however_many() -> None:
    paths = [f"/page{'x' * number}" for number in range(MANY + 5)]
    assert {each.template for each in fold(paths).values()} == set(paths)


def test_ids_and_many_words_share_a_template() -> None:
    paths = [f"/paints/red{'x' * number}" for number in range(MANY + 1)] + ["/paints/7"]
    assert {each.template for each in fold(paths).values()} == {"/paints/{paint_id}"}

import pytest

from seatrial.init.naming import Named, renamed, values_of
from seatrial.init.route import Route, Sample, kebab, name_of, unlike


@pytest.mark.parametrize(
    "named, is_route",
    [
        (Named("/items", "/items", "/items"), True),
        (Named("/items/{id}", "/items/7", "/items/{id}"), True),
        (Named("/items/{id}", "/items/7", "/items/<int:item_id>"), True),
        (Named("/items/7", "/items/7", "/items/<item_id>"), True),
        (Named("/items/7", "/items/7", "/items/7"), True),
        (Named("/items/{id}", "/items/7", "/items/7"), False),
        (Named("/items/{id}", "/items/7", "shop.item"), False),
        (Named("/items/{id}", "/items/7", "/users/<id>"), False),
        (Named("/a/{b}", "/a/7", "/<path:rest>"), False),
        (Named("/items", "/items", ""), False),
    ],
    ids=str,
)
def test_a_route_is_told_from_a_path_and_from_a_view(*, named: Named, is_route: bool) -> None:
    assert named.is_route is is_route


def test_routes_take_the_services_names() -> None:
    route = Route("/items/{item_id}", (Sample({"item_id": "7"}, {"q": "x"}), Sample({"item_id": "a b"})), weight=3)
    (again,) = renamed([route], [Named("/items/{item_id}", "/items/7", "/items/<int:pk>")])
    assert again == Route("/items/{pk}", (Sample({"pk": "7"}, {"q": "x"}), Sample({"pk": "a b"})), weight=3)


def test_paths_that_turn_out_to_be_one_route_become_one() -> None:
    routes = [Route("/items/7"), Route("/items/8", statuses=(302,)), Route("/")]
    named = [Named(f"/items/{number}", f"/items/{number}", "/items/<pk>") for number in (7, 8)]
    assert renamed(routes, named) == (
        Route("/items/{pk}", (Sample({"pk": "7"}), Sample({"pk": "8"})), (200, 302), 2),
        Route("/"),
    )


def test_what_is_no_route_renames_nothing() -> None:
    routes = (Route("/items/{id}", (Sample({"id": "7"}),)),)
    assert renamed(routes, [Named("/items/{id}", "/items/7", "/items/7")]) == routes


def test_a_sample_that_does_not_fit_leaves_the_route_as_it_is() -> None:
    routes = (Route("/{a}/{b}", (Sample({"a": "x", "b": "1"}), Sample({"a": "y", "b": "2"}))),)
    assert renamed(routes, [Named("/{a}/{b}", "/x/1", "/x/<b>")]) == routes


@pytest.mark.parametrize(
    "path, template, values",
    [
        ("/a/b%20c", "/a/{x}", {"x": "b c"}),
        ("/a.b/1", "/a.b/{x}", {"x": "1"}),
        ("/aXb/1", "/a.b/{x}", None),
        ("/a/1", "/a/{not-a-name}", None),
        ("/a/1/2", "/a/{x}", None),
        ("/a/1/1", "/a/{x}/{x}", None),
    ],
)
def test_parameters_are_read_off_a_path(path: str, template: str, values: dict[str, str] | None) -> None:
    assert values_of(path, template) == values


@pytest.mark.parametrize(
    "text, name",
    [
        ("listItems", "list-items"),
        ("HTTPStatus", "http-status"),
        ("get_item_v2", "get-item-v2"),
        ("List all items!", "list-all-items"),
        ("42", "get-42"),
    ],
)
def test_names_are_small_words(text: str, name: str) -> None:
    assert kebab(text) == name


@pytest.mark.parametrize("template, name", [("/", "get-root"), ("/v1/items/{item_id}", "get-v1-items-item-id")])
def test_a_route_is_called_after_its_path(template: str, name: str) -> None:
    assert name_of(template) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert unlike("a", {"a", "a-2"}) == "a-3"


def test_a_target_is_quoted() -> None:
    assert Route("/a/{x}").target(Sample({"x": "b/c"}, {"q": "d e"})) == "/a/b%2Fc?q=d+e"

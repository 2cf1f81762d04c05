from collections.abc import Iterator

import pytest
from flask_openapi3 import APIBlueprint  # type: ignore[attr-defined] # exported, not declared
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from fleet.kit.body import Input
from fleet.kit.problems import Problem
from fleet.kit.testing import harness


class Item(BaseModel):
    name: str


class Basket(BaseModel):
    items: list[Item]


class BasketPath(Input):
    basket_id: str


class NewBasket(Input):
    items: list[str]


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    kit = harness()
    baskets = APIBlueprint("baskets", __name__, url_prefix="/v1")

    @baskets.get("/baskets/<basket_id>", responses={200: Basket, 404: None}, security=[{"bearer": []}])
    def view(path: BasketPath) -> Basket:
        """One basket."""
        return Basket(items=[Item(name=path.basket_id)])

    @baskets.post("/baskets", responses={201: Basket})
    def create(body: NewBasket) -> Basket:
        """A new basket."""
        return Basket(items=[Item(name=name) for name in body.items])

    @baskets.get("/foreign", responses={200: Basket, 400: Item, 409: Problem})
    def foreign() -> Basket:
        """An error as another standard wants it, and one of ours."""
        return Basket(items=[])

    @baskets.get("/plain")
    def plain() -> dict[str, str]:
        """No input at all."""
        return {}

    kit.app.register_api(baskets)
    answer = kit.client.get("/openapi.json")
    assert kit.client.get("/openapi.json").data == answer.data
    return dict(answer.get_json())


def nodes(value: object) -> Iterator[object]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def operation(document: dict[str, object], path: str, method: str) -> dict[str, dict[str, dict[str, object]]]:
    return document["paths"][path][method]  # type: ignore[index, no-any-return] # a JSON document


def test_it_says_3_1(document: dict[str, object]) -> None:
    assert document["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere(document: dict[str, object]) -> None:
    references = [node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node]
    assert references
    for reference in references:
        place: object = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]  # type: ignore[index] # a JSON document


def test_nothing_is_null_but_defaults(document: dict[str, object]) -> None:
    objects = [node for node in nodes(document) if isinstance(node, dict)]
    assert {key for node in objects for key, value in node.items() if value is None} <= {"default"}


def test_schemas_are_schemas(document: dict[str, object]) -> None:
    schemas = document["components"]["schemas"]  # type: ignore[index] # a JSON document
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert {"Basket", "Item", "NewBasket", "Problem"} <= schemas.keys()


def test_every_answer_has_a_description(document: dict[str, object]) -> None:
    for item in document["paths"].values():  # type: ignore[attr-defined] # a JSON document
        for found in item.values():
            assert all(response["description"] for response in found["responses"].values())


@pytest.mark.parametrize(
    "path, method, statuses",
    [
        pytest.param("/v1/baskets/{basket_id}", "get", {"200", "401", "403", "404", "422", "default"}, id="secured"),
        pytest.param("/v1/baskets", "post", {"201", "400", "411", "413", "415", "422", "default"}, id="with a body"),
        pytest.param("/v1/plain", "get", {"default"}, id="without input"),
    ],
)
def test_possible_answers(document: dict[str, object], path: str, method: str, statuses: set[str]) -> None:
    responses = operation(document, path, method)["responses"]
    assert responses.keys() == statuses
    for status, response in responses.items():
        expected = "application/json" if status.startswith("2") else "application/problem+json"
        assert list(response["content"]) == [expected]  # type: ignore[call-overload] # a JSON document


def test_an_error_with_a_body_of_its_own_keeps_it_beside_the_kits(document: dict[str, object]) -> None:
    responses = operation(document, "/v1/foreign", "get")["responses"]
    kinds = {status: list(responses[status]["content"]) for status in ("400", "409")}  # type: ignore[call-overload] # a JSON document
    assert kinds == {"400": ["application/problem+json", "application/json"], "409": ["application/problem+json"]}


def test_bearer_scheme_is_declared(document: dict[str, object]) -> None:
    scheme = document["components"]["securitySchemes"]["bearer"]  # type: ignore[index] # a JSON document
    assert scheme == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

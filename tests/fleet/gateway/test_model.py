from __future__ import annotations

from typing import Any

import pytest

from fleet.gateway.model import ROUTES, merged

OWN: dict[str, Any] = {"info": {"title": "shop"}, "paths": {"/v1/own": {"get": {}}}, "components": {}}


def documents(**schemas: object) -> dict[str, dict[str, Any]]:
    """Documents of all callees, each operation referring to the schema Thing, which refers to Part."""
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
    shared = {
        "Thing": {"properties": {"part": {"items": {"$ref": "#/components/schemas/Part"}}}},
        "Part": {"type": "string"},
        "Internal": {"type": "integer"},
    }
    found: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        document = found.setdefault(route.callee, {"paths": {"/v1/internal": {"post": {}}}, "components": {}})
        schemes = {"bearer": {"type": "http"}, "client": {"type": "http", "scheme": "basic"}}
        document["components"] = {"schemas": dict(shared), "securitySchemes": schemes}
        operation = {"responses": answer, "security": [{"bearer": []}] if route.token else []}
        document["paths"].setdefault(route.template, {})[route.method.lower()] = operation
    found["orders"]["components"]["schemas"] |= schemas
    return found


def test_every_public_operation_is_there_and_no_other() -> None:
    paths = merged(OWN, documents())["paths"]
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == {
        ("GET", "/v1/own"),
        *((route.method, route.template) for route in ROUTES),
    }


def test_what_is_limited_in_its_rate_says_so() -> None:
    paths = merged(OWN, documents())["paths"]
    limited = {route.template for route in ROUTES if "429" in paths[route.template][route.method.lower()]["responses"]}
    assert limited == {route.template for route in ROUTES if route.token or route.costly}


def test_schemas_come_along_when_something_refers_to_them() -> None:
    assert set(merged(OWN, documents())["components"]["schemas"]) == {"Thing", "Part"}


def test_the_ways_to_prove_who_one_is_come_along_where_they_are_asked_for() -> None:
    assert set(merged(OWN, documents())["components"]["securitySchemes"]) == {"bearer"}


def test_the_gateways_own_schemas_come_along() -> None:
    mine = OWN | {
        "paths": {"/v1/own": {"get": {"schema": {"$ref": "#/components/schemas/Mine"}}}},
        "components": {"schemas": {"Mine": {"type": "object"}}},
    }
    assert merged(mine, documents())["components"]["schemas"]["Mine"] == {"type": "object"}


def test_a_name_for_two_things_is_refused() -> None:
    with pytest.raises(ValueError, match="schemas Part another meaning"):
        merged(OWN, documents(Part={"type": "number"}))


def test_a_public_operation_that_nobody_documents_is_refused() -> None:
    incomplete = documents()
    del incomplete["orders"]["paths"]["/v1/orders"]["post"]
    with pytest.raises(ValueError, match="orders does not document POST /v1/orders"):
        merged(OWN, incomplete)


def test_the_version_is_that_of_the_schemas() -> None:
    assert merged(OWN, documents())["openapi"] == "3.1.0"

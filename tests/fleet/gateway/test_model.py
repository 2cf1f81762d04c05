from __future__ import annotations

from typing import Any

import pytest

from fleet.gateway.model import ROUTES, merged


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
        document["components"] = {"schemas": dict(shared), "securitySchemes": {"bearer": {"type": "http"}}}
        document["paths"].setdefault(route.template, {})[route.method.lower()] = {"responses": answer}
    found["orders"]["components"]["schemas"] |= schemas
    return found


def test_every_public_operation_is_there_and_no_other() -> None:
    paths = merged("shop", "1", documents())["paths"]
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == {
        (route.method, route.template) for route in ROUTES
    }


def test_schemas_come_along_when_something_refers_to_them() -> None:
    assert set(merged("shop", "1", documents())["components"]["schemas"]) == {"Thing", "Part"}


def test_the_ways_to_prove_who_one_is_come_along() -> None:
    assert "bearer" in merged("shop", "1", documents())["components"]["securitySchemes"]


def test_a_name_for_two_things_is_refused() -> None:
    with pytest.raises(ValueError, match="schemas Part another meaning"):
        merged("shop", "1", documents(Part={"type": "number"}))


def test_a_public_operation_that_nobody_documents_is_refused() -> None:
    incomplete = documents()
    del incomplete["orders"]["paths"]["/v1/orders"]["post"]
    with pytest.raises(ValueError, match="orders does not document POST /v1/orders"):
        merged("shop", "1", incomplete)


def test_the_version_is_that_of_the_schemas() -> None:
    assert merged("shop", "1", documents())["openapi"] == "3.1.0"

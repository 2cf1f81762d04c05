import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.errors import ConfigError
from seatrial.init.openapi import routes_of_document
from seatrial.init.route import Found, Route, Sample

FILE = Path("openapi.json")
OK = {"200": {"description": "fine"}}


def read(paths: dict[str, Any], **members: Any) -> Found:
    return routes_of_document(FILE, json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths, **members}))


def with_parameter(place: str = "path", **parameter: Any) -> Found:
    written = {"name": "item", "in": place, "required": True, **parameter}
    path = "/items/{item}" if place == "path" else "/items"
    return read({path: {"get": {"parameters": [written], "responses": OK}}})


def test_a_get_without_parameters_is_a_route() -> None:
    found = read({"/items": {"get": {"operationId": "listItems", "responses": OK}}})
    assert found == Found((Route("/items", name="list-items"),))


@pytest.mark.parametrize(
    "parameter, value",
    [
        pytest.param({"example": 7, "schema": {"type": "integer"}}, "7", id="example"),
        pytest.param({"examples": {"one": {"value": "a b"}}}, "a b", id="named examples"),
        pytest.param({"schema": {"type": "string", "example": "x"}}, "x", id="schema's example"),
        pytest.param({"schema": {"type": "string", "examples": ["x", "y"]}}, "x", id="schema's examples"),
        pytest.param({"schema": {"type": "string", "default": "d"}}, "d", id="default"),
        pytest.param({"schema": {"const": "c"}}, "c", id="const"),
        pytest.param({"schema": {"enum": ["red", "blue"]}}, "red", id="enum"),
        pytest.param({"schema": {"anyOf": [{"type": "null"}, {"type": "string", "default": "n"}]}}, "n", id="optional"),
        pytest.param({"content": {"application/json": {"schema": {"default": "k"}}}}, "k", id="content"),
        pytest.param({"schema": {"type": "boolean", "default": False}}, "false", id="false is a default"),
        pytest.param({"schema": {"type": "integer", "default": 0}}, "0", id="zero is a default"),
    ],
)
def test_a_parameter_has_the_documents_value(parameter: dict[str, Any], value: str) -> None:
    assert with_parameter(**parameter).routes[0].samples == (Sample({"item": value}),)


@pytest.mark.parametrize(
    "schema, value",
    [
        ({"type": "integer"}, "1"),
        ({"type": "integer", "minimum": 100}, "100"),
        ({"type": ["integer", "null"]}, "1"),
        ({"type": "boolean"}, "true"),
    ],
)
def test_a_number_may_be_guessed_and_that_is_said(schema: dict[str, Any], value: str) -> None:
    assert with_parameter(schema=schema).routes[0].samples == (Sample({"item": value}, guessed=f"item={value}"),)


def test_a_needed_query_is_asked_and_another_is_not() -> None:
    parameters = [
        {"name": "q", "in": "query", "required": True, "example": "red"},
        {"name": "page", "in": "query", "schema": {"default": 1}},
    ]
    assert read({"/s": {"get": {"parameters": parameters}}}).routes[0].samples == (Sample({}, {"q": "red"}),)


def test_parameters_of_the_path_are_everybodys_and_an_operation_may_replace_them() -> None:
    shared = {"name": "item", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {"parameters": [shared], "get": {"parameters": [{**shared, "example": "own"}]}}
    assert read({"/items/{item}": item}).routes[0].samples == (Sample({"item": "own"}),)


def test_references_within_the_document_are_followed() -> None:
    components = {
        "parameters": {"Item": {"name": "item", "in": "path", "schema": {"$ref": "#/components/schemas/Id"}}},
        "schemas": {"Id": {"type": "integer", "example": 5}},
    }
    paths = {"/items/{item}": {"get": {"parameters": [{"$ref": "#/components/parameters/Item"}]}}}
    assert read(paths, components=components).routes[0].samples == (Sample({"item": "5"}),)


@pytest.mark.parametrize("pointer", ["#/components/schemas/Id", "other.json#/Id", "#/nowhere", "#/paths/x/0"])
def test_a_reference_that_leads_nowhere_leaves_the_route_out(pointer: str) -> None:
    components = {"schemas": {"Id": {"$ref": "#/components/schemas/Id"}}}
    parameter = {"name": "item", "in": "path", "schema": {"$ref": pointer}}
    found = read({"/items/{item}": {"get": {"parameters": [parameter]}}}, components=components)
    assert found.routes == ()


@pytest.mark.parametrize(
    "servers, template",
    [
        ([{"url": "/api/v1"}], "/api/v1/items"),
        ([{"url": "https://shop.example/api/"}], "/api/items"),
        ([{"url": "https://{host}/{v}", "variables": {"host": {"default": "x"}, "v": {"default": "v2"}}}], "/v2/items"),
        ([{"url": "/"}], "/items"),
        ([], "/items"),
    ],
    ids=["path", "absolute", "variables", "root", "none"],
)
def test_the_first_servers_path_comes_before(servers: list[Any], template: str) -> None:
    assert read({"/items": {"get": {}}}, servers=servers).routes[0].template == template


def test_right_answers_are_the_documented_ones() -> None:
    responses = {"200": {}, "302": {}, "404": {}, "default": {}, "4XX": {}}
    assert read({"/": {"get": {"responses": responses}}}).routes[0].statuses == (200, 302)


def test_names_of_parameters_become_pythons() -> None:
    parameter = {"name": "item-id", "in": "path", "example": "a"}
    route = read({"/items/{item-id}": {"get": {"parameters": [parameter]}}}).routes[0]
    assert (route.template, route.samples) == ("/items/{item_id}", (Sample({"item_id": "a"}),))


@pytest.mark.parametrize(
    "operation, reason",
    [
        pytest.param({"requestBody": {"content": {}}}, "it needs a body", id="body"),
        pytest.param({"security": [{"bearer": []}]}, "it needs authorization (bearer)", id="authorization"),
        pytest.param({"deprecated": True}, "it is deprecated", id="deprecated"),
        pytest.param(
            {"parameters": [{"name": "X-Tenant", "in": "header", "required": True, "example": "a"}]},
            "it needs the header X-Tenant",
            id="header",
        ),
        pytest.param(
            {"parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]},
            "the parameter q has no example or default (string)",
            id="query without a value",
        ),
    ],
)
def test_a_get_that_cannot_be_asked_is_left_out(operation: dict[str, Any], reason: str) -> None:
    found = read({"/a": {"get": operation}, "/b": {"get": {}}})
    assert [route.template for route in found.routes] == ["/b"]
    assert found.left_out == (("GET /a", reason),)


@pytest.mark.parametrize(
    "schema, hint", [({"type": "string", "format": "uuid"}, " (uuid)"), ({"type": "string"}, " (string)"), ({}, "")]
)
def test_a_parameter_without_a_value_says_what_is_wanted(schema: dict[str, Any], hint: str) -> None:
    reason = f"the parameter item has no example or default{hint}"
    assert with_parameter(schema=schema).left_out == (("GET /items/{item}", reason),)


def test_a_parameter_that_is_not_described_leaves_the_route_out() -> None:
    assert read({"/a/{b}": {"get": {}}}).left_out == (("GET /a/{b}", "the parameter b is not described"),)


@pytest.mark.parametrize("path", ["/a/{b", "/a/}", "/{{a}"])
def test_a_path_with_a_stray_brace_is_left_out(path: str) -> None:
    assert [each.reason for each in read({path: {"get": {}}}).left_out] == ["a brace in its path is not closed"]


def test_what_changes_something_is_left_out_and_what_says_nothing_is_not_told() -> None:
    found = read({"/a": {"post": {}, "delete": {}, "head": {}, "options": {}}})
    assert [each.what for each in found.left_out] == ["POST /a", "DELETE /a"]


def test_security_of_the_document_holds_unless_an_operation_says_otherwise() -> None:
    paths = {"/a": {"get": {}}, "/b": {"get": {"security": []}}, "/c": {"get": {"security": [{}, {"k": []}]}}}
    found = read(paths, security=[{"key": []}])
    assert [route.template for route in found.routes] == ["/b", "/c"]


def test_two_operations_of_one_name_are_told_apart() -> None:
    found = read({"/a": {"get": {"operationId": "list"}}, "/b": {"get": {"operationId": "list"}}})
    assert [route.name for route in found.routes] == ["list", "list-2"]


def test_yaml_is_read_too() -> None:
    text = yaml.safe_dump({"openapi": "3.0.3", "paths": {"/a": {"get": {"responses": {200: {}}}}}})
    assert [route.template for route in routes_of_document(Path("o.yml"), text).routes] == ["/a"]


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"swagger": "2.0", "paths": {}}', "is Swagger 2.0. Convert it"),
        ('{"info": {}}', "no member 'openapi'"),
        ("[1]", "no member 'openapi'"),
        ('{"openapi": "4.0.0", "paths": {"/": {}}}', "says openapi 4.0.0"),
        ('{"openapi": "3.1.0"}', "has no paths"),
        ('{"openapi": "3.1.0", "paths": {}}', "has no paths"),
        ("openapi: [", "not valid YAML"),
        ("", "is empty"),
        ("<html></html>", "no member 'openapi'"),
        (
            '{"openapi": "3.1.0", "servers": [{"url": "/", "variables": 7}], "paths": {"/": {}}}',
            "not shaped as OpenAPI",
        ),
        ('{"openapi": "3.1.0", "paths": {"/": {"get": {"parameters": 5}}}}', "not shaped as OpenAPI"),
    ],
)
def test_what_is_no_openapi_3_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        routes_of_document(FILE, text)

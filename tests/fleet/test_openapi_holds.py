"""Every service keeps what its OpenAPI document promises, for good data and for bad."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from caller import Caller
from flask_openapi3 import APIBlueprint  # type: ignore[attr-defined] # exported, not declared
from promises import broken, configuration
from pydantic import BaseModel
from wired_shop import SERVICES, WiredShop

from fleet.kit.testing import harness

EXAMPLES = 12


def promised(app: Any) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=configuration())


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_keeps_its_promises(wired_shop: WiredShop, caller: Caller, service: str) -> None:
    headers = {each.label: caller.headers(each) for each in caller.operations(service)}
    assert broken(promised(wired_shop.apps[service]), headers, caller.known, EXAMPLES) == []


class Promised(BaseModel):
    name: str


def test_a_promise_not_kept_is_noticed() -> None:
    kit = harness()
    routes = APIBlueprint("planted", __name__)

    @routes.get("/v1/planted", responses={200: Promised})
    def planted() -> dict[str, int]:
        return {"name": 1}

    kit.app.register_api(routes)
    assert "JsonSchemaError" in broken(promised(kit.app), {}, {}, 1)[0]

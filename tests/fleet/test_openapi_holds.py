"""Every service keeps what its OpenAPI document promises, for good data and for bad."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from flask_openapi3 import APIBlueprint  # type: ignore[attr-defined] # exported, not declared
from promises import broken, configuration
from pydantic import BaseModel
from shop_in_process import Shop

from fleet.kit.testing import harness

SERVICES = sorted(path.parent.name for path in (Path(__file__).parents[2] / "fleet").glob("*/__main__.py"))
EXAMPLES = 25


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_keeps_its_promises(shop: Shop, service: str) -> None:
    app = shop.loopback.apps[service]
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=configuration())
    known = {"product_id": shop.goods(1_000_000)}
    assert broken(schema, shop.headers(shop.customer(10**9)), EXAMPLES, known) == []


class Promised(BaseModel):
    name: str


def test_a_promise_not_kept_is_noticed() -> None:
    kit = harness()
    routes = APIBlueprint("planted", __name__)

    @routes.get("/v1/planted", responses={200: Promised})
    def planted() -> dict[str, int]:
        return {"name": 1}

    kit.app.register_api(routes)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", kit.app, config=configuration())
    assert "JsonSchemaError" in broken(schema, {}, 1, {})[0]

"""The gateway's ways to the services behind it, and what of a request goes on and of an answer comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from fleet.gateway.model import REQUEST_HEADERS, RESPONSE_HEADERS, PublicRoute
from fleet.kit import auth
from fleet.kit.client import Answer, ServiceClient
from fleet.kit.errors import UnsupportedMediaType

Clients = Mapping[str, ServiceClient]
DEFAULT_ADDRESSES = {  # for a service started by hand
    **auth.DEFAULT_ADDRESSES,
    "catalog": ["127.0.0.1:8001"],
    "inventory": ["127.0.0.1:8002"],
    "orders": ["127.0.0.1:8003"],
    "payments": ["127.0.0.1:8004"],
    "activity": ["127.0.0.1:8006"],
}


def forward(clients: Clients, route: PublicRoute, request: Request, path: Mapping[str, str]) -> Response:
    """The callee's answer to the request.

    Raises:
        UnsupportedMediaType: a body of no declared type.
        ClientError: no answer came: 503 or 504.
    """
    body = request.get_data(cache=False)
    if body and not request.content_type:
        raise UnsupportedMediaType("The body is of no declared type, not application/json.")
    answer = clients[route.callee].request(
        request.method,
        route.template,
        path=path,
        params=request.args.to_dict(),
        body=body or None,
        headers={name: request.headers[name] for name in REQUEST_HEADERS if name in request.headers},
    )
    return response(answer)


def response(answer: Answer) -> Response:
    """The callee's answer as ours."""
    kept = {name: answer.headers[name] for name in RESPONSE_HEADERS if name in answer.headers}
    return Response(answer.body, answer.status, headers=kept)


def documents(clients: Clients) -> dict[str, dict[str, Any]]:
    """The OpenAPI document of every service.

    Raises:
        ClientError: one of them gave none.
    """
    return {name: client.get("/openapi.json").expect(200).json() for name, client in clients.items()}

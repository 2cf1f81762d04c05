from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask_openapi3.blueprint import APIBlueprint

from fleet.kit import auth
from fleet.kit.settings import Settings
from fleet.kit.testing import Harness, harness
from fleet.kit.tokens import KeyPair, jwks

PAIR = KeyPair.generate()


@pytest.fixture
def service(tmp_path: Path) -> Harness:
    (tmp_path / "jwks.json").write_text(json.dumps(jwks(PAIR)))
    made = harness()
    routes = APIBlueprint("guarded", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, auth.verifier(Settings(jwks_file=tmp_path / "jwks.json")))

    @routes.get("/who")
    def who() -> dict[str, str]:
        return {"subject": auth.subject(), "onward": auth.onward()["Authorization"]}

    made.app.register_api(routes)
    made.app.add_url_rule("/open", "open", lambda: "open")
    return made


def test_a_view_knows_who_asks_and_can_pass_the_token_on(service: Harness) -> None:
    bearer = f"Bearer {PAIR.issue('alice', life_seconds=60)}"
    answer = service.client.get("/who", headers={"Authorization": bearer})
    assert answer.get_json() == {"subject": "alice", "onward": bearer}


def test_the_scheme_is_known_in_any_case(service: Harness) -> None:
    token = PAIR.issue("alice", life_seconds=60)
    assert service.client.get("/who", headers={"Authorization": f"bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    "header,challenge",
    [
        (None, "Bearer"),
        ("", "Bearer"),
        ("Basic YWxpY2U6c2VjcmV0", "Bearer"),
        ("Bearer", 'Bearer error="invalid_token"'),
        ("Bearer rubbish", 'Bearer error="invalid_token"'),
        (f"Bearer  {PAIR.issue('alice', life_seconds=60)}", 'Bearer error="invalid_token"'),
        (f"Bearer {PAIR.issue('alice', life_seconds=-1)}", 'Bearer error="invalid_token"'),
        (f"Bearer {KeyPair.generate().issue('alice', life_seconds=60)}", 'Bearer error="invalid_token"'),
    ],
    ids=["none", "empty", "basic", "no-token", "rubbish", "two-blanks", "expired", "strange-key"],
)
def test_anything_else_is_challenged(service: Harness, header: str | None, challenge: str) -> None:
    answer = service.client.get("/who", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == challenge


def test_other_routes_need_no_token(service: Harness) -> None:
    assert service.client.get("/open").status_code == 200


def test_the_request_line_names_the_subject_and_never_the_token(service: Harness) -> None:
    token = PAIR.issue("alice", life_seconds=60)
    service.client.get("/who", headers={"Authorization": f"Bearer {token}"})
    [line] = service.captured.of("http.server.request")
    assert line["user.id"] == "alice"
    assert token not in json.dumps(service.captured.lines)


def test_the_document_tells_that_a_token_is_needed(service: Harness) -> None:
    operation = service.client.get("/openapi.json").get_json()["paths"]["/who"]["get"]
    assert operation["security"] == [{"bearer": []}]

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from users_alone import SECRET, UsersAlone, basic

from fleet.kit.keys import StaticKeys
from fleet.kit.tokens import Verifier
from fleet.users.store import Client, digest

GOOD = {"grant_type": "client_credentials", "audience": "payments"}


def raw(pair: str | bytes) -> str:
    return f"Basic {b64encode(pair if isinstance(pair, bytes) else pair.encode()).decode()}"


def test_a_service_gets_a_token_for_one_other(users: UsersAlone) -> None:
    answer = users.grant()
    body = answer.get_json()
    token = Verifier(StaticKeys(users.jwks()), audience="payments").verify(body["access_token"])
    assert (token.subject, token.client_id, token.scopes) == ("orders", "orders", {"charges", "refunds"})
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 600)
    assert (answer.headers["Cache-Control"], body["scope"]) == ("no-store", "charges refunds")


def test_less_may_be_asked_for(users: UsersAlone) -> None:
    assert users.grant(GOOD | {"scope": "refunds refunds"}).get_json()["scope"] == "refunds"


@pytest.mark.parametrize(
    "form,error",
    [
        ({"audience": "payments"}, "invalid_request"),
        ({"grant_type": "", "audience": "payments"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        (GOOD | {"grant_type": "password"}, "unsupported_grant_type"),
        (GOOD | {"audience": "gateway"}, "invalid_target"),
        (GOOD | {"audience": "payments inventory"}, "invalid_target"),
        (GOOD | {"scope": "profile"}, "invalid_scope"),
        (GOOD | {"scope": "charges profile"}, "invalid_scope"),
        (GOOD | {"scope": " "}, "invalid_scope"),
        (GOOD | {"client_id": "payments"}, "invalid_request"),
        (GOOD | {"client_id": "orders", "client_secret": SECRET}, "invalid_request"),
        (b"grant_type=client_credentials&audience=payments&audience=inventory", "invalid_request"),
        (b"grant_type=client_credentials&audience=%FF", "invalid_request"),
        (b"grant_type=client_credentials&audience=payments&x=" + b"y" * 9000, "invalid_request"),
        (b"\x00\xff\xfe", "invalid_request"),
        (b"", "invalid_request"),
    ],
    ids=["no-grant", "empty-grant", "no-audience", "password-grant", "not-granted", "two-audiences", "other-scope",
         "more-scope", "blank-scope", "another-client-id", "secret-in-the-body", "twice", "not-utf-8", "long", "bytes", "nothing"],
)  # fmt: skip
def test_a_wrong_request_is_a_400_with_its_error(users: UsersAlone, form: dict[str, str] | bytes, error: str) -> None:
    answer = users.grant(form)
    assert (answer.status_code, answer.mimetype, answer.get_json()["error"]) == (400, "application/json", error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_longer_than_anything_taken_is_a_413(users: UsersAlone) -> None:
    assert users.grant(b"audience=" + b"y" * (1 << 20)).status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""], ids=str)
def test_only_forms_are_read(users: UsersAlone, kind: str) -> None:
    answer = users.grant(b"{}", content_type=kind)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !",
        "Basic ä",
        "Bearer abc",
        raw("orders"),
        raw(b"\xff:\xfe"),
        raw("orders:%FF"),
        raw("orders:"),
        raw(":"),
        raw(f":{SECRET}"),
        basic("orders", "wrong"),
        basic("nobody", SECRET),
        basic("orders\x00", SECRET),
        basic("orders", SECRET) + " x",
    ],
    ids=ascii,
)
def test_a_client_that_is_none_is_a_401_with_a_challenge(users: UsersAlone, authorization: str) -> None:
    answer = users.grant(Authorization=authorization)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_an_unknown_client_and_a_wrong_secret_get_one_answer(users: UsersAlone) -> None:
    answers = [users.grant(Authorization=basic(*pair)) for pair in (("orders", "wrong"), ("nobody", "wrong"))]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1


def test_reserved_characters_travel_form_encoded(users: UsersAlone) -> None:
    users.store.register_client(Client("a:b", digest("s: +%é"), {"payments": "charges"}))
    assert users.grant(Authorization=basic("a:b", "s: +%é")).status_code == 200


def test_a_client_given_another_secret_loses_the_former(users: UsersAlone) -> None:
    users.store.register_client(Client("orders", digest("new"), {"activity": "events"}))
    old, new = users.grant(), users.grant(Authorization=basic("orders", "new"))
    assert (old.status_code, new.get_json()["error"]) == (401, "invalid_target")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=200), authorization=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
)
def test_whatever_comes_the_answer_is_a_refusal(users: UsersAlone, body: bytes, authorization: str) -> None:
    assert users.grant(body, Authorization=authorization).status_code in {400, 401}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_tokens_are_asked_for_by_post(users: UsersAlone, method: str) -> None:
    assert users.harness.client.open("/oauth2/token", method=method).status_code == 405


def documented(users: UsersAlone) -> Any:
    return users.harness.client.get("/openapi.json").get_json()["paths"]["/oauth2/token"]["post"]


def test_the_document_says_form_and_rfc_6749_errors(users: UsersAlone) -> None:
    operation = documented(users)
    assert list(operation["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]
    assert operation["security"] == [{"client": []}]
    for status in ("400", "401"):
        content = operation["responses"][status]["content"]
        assert content["application/json"] == {"schema": {"$ref": "#/components/schemas/TokenError"}}

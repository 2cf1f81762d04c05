from __future__ import annotations

import json
import time
from typing import Any

import pytest
from flask_openapi3.blueprint import APIBlueprint

from fleet.kit import auth
from fleet.kit.errors import Unavailable
from fleet.kit.faults import ACCEPT_EXPIRED, Fault
from fleet.kit.keys import Keys
from fleet.kit.settings import Settings
from fleet.kit.testing import FakeTransport, Harness, Issuer, bearer, harness, token
from fleet.kit.tokens import KeyPair


def guarded(made: Harness, scope: str | None = None) -> Harness:
    routes = APIBlueprint("guarded", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, auth.verifier(made.app.kit), scope)

    @routes.get("/who")
    def who() -> dict[str, str]:
        return {"subject": auth.subject(), "onward": auth.onward()["Authorization"]}

    made.app.register_api(routes)
    made.app.add_url_rule("/open", "open", lambda: "open")
    return made


@pytest.fixture
def service() -> Harness:
    return guarded(harness("sample", Settings(faults=True)))


def alice(service: str = "sample", scope: str = "orders feed", **claims: Any) -> dict[str, str]:
    return bearer("alice", service, scope, **claims)


def test_a_view_knows_who_asks_and_can_pass_the_token_on(service: Harness) -> None:
    headers = alice()
    answer = service.client.get("/who", headers=headers)
    assert answer.get_json() == {"subject": "alice", "onward": headers["Authorization"]}


def test_the_scheme_is_known_in_any_case(service: Harness) -> None:
    text = token("alice", "sample", "orders")
    assert service.client.get("/who", headers={"Authorization": f"bEARER {text}"}).status_code == 200


INVALID = 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    "header,challenge",
    [
        (None, "Bearer"),
        ("", "Bearer"),
        ("Basic YWxpY2U6c2VjcmV0", "Bearer"),
        ("Bearer", INVALID),
        ("Bearer rubbish", INVALID),
        (f"Bearer  {token('alice', 'sample', 'orders')}", INVALID),
        (alice(life_seconds=-1)["Authorization"], INVALID),
        (alice("other")["Authorization"], INVALID),
        (f"{alice()['Authorization']}, {alice()['Authorization']}", INVALID),
        (
            f"Bearer {KeyPair.generate().issue('alice', audience=['sample'], scope='orders', life_seconds=60)}",
            INVALID,
        ),
    ],
    ids=["none", "empty", "basic", "no-token", "rubbish", "two-blanks", "expired", "not-for-us", "two", "strange-key"],
)
def test_anything_else_is_challenged(service: Harness, header: str | None, challenge: str) -> None:
    answer = service.client.get("/who", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == challenge


def test_a_token_in_the_query_is_none(service: Harness) -> None:
    text = token("alice", "sample", "orders")
    assert service.client.get("/who", query_string={"access_token": text}).status_code == 401


def test_other_routes_need_no_token(service: Harness) -> None:
    assert service.client.get("/open").status_code == 200


@pytest.mark.parametrize("scope", ["orders", "orders feed", "feed orders"])
def test_a_scope_among_others_is_enough(scope: str) -> None:
    made = guarded(harness(), "orders")
    assert made.client.get("/who", headers=alice(scope=scope)).status_code == 200


@pytest.mark.parametrize("scope", ["feed", "order", "orders2", "ORDERS", "my:orders"])
def test_a_token_without_the_scope_is_told_which_one(scope: str) -> None:
    made = guarded(harness(), "orders")
    answer = made.client.get("/who", headers=alice(scope=scope))
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="orders"'


def test_who_has_no_good_token_learns_no_scope() -> None:
    made = guarded(harness(), "orders")
    assert "scope" not in made.client.get("/who", headers=alice("other")).headers["WWW-Authenticate"]


def test_two_services_of_one_shop_take_each_others_tokens_not() -> None:
    orders, payments = (guarded(harness(name)).client for name in ("orders", "payments"))
    headers = alice("orders")
    assert [client.get("/who", headers=headers).status_code for client in (orders, payments)] == [200, 401]


def test_the_request_line_names_the_subject_and_never_the_token(service: Harness) -> None:
    headers = alice()
    service.client.get("/who", headers=headers)
    [line] = service.captured.of("http.server.request")
    assert line["user.id"] == "alice"
    assert headers["Authorization"].split()[1] not in json.dumps(service.captured.lines)


def test_a_service_that_calls_for_itself_is_no_user(service: Harness) -> None:
    service.client.get("/who", headers=bearer("orders", "sample", "charges", client_id="orders"))
    [line] = service.captured.of("http.server.request")
    assert "user.id" not in line


def test_the_document_tells_that_a_token_is_needed_and_what_may_come_of_it(service: Harness) -> None:
    operation = service.client.get("/openapi.json").get_json()["paths"]["/who"]["get"]
    assert operation["security"] == [{"bearer": []}]
    assert {"401", "403"} <= operation["responses"].keys()


def test_the_keys_are_those_that_users_publish() -> None:
    issuer = Issuer()
    made = harness(transport=FakeTransport(issuer))
    made.app.kit.keys = None
    guarded(made)
    assert issuer.asked == []
    assert [made.client.get("/who", headers=alice()).status_code for _ in range(3)] == [200, 200, 200]
    assert issuer.asked == ["/.well-known/jwks.json"]


class NoKeys:
    """No key was ever to be had."""

    def keys(self) -> Keys:
        raise Unavailable("users: no connection.")

    def missing(self, kid: str) -> Keys:
        raise AssertionError(kid)


def test_whether_a_token_is_good_cannot_be_told_without_keys() -> None:
    made = guarded(harness(keys=NoKeys()))
    answer = made.client.get("/who", headers=alice())
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (503, False)


def test_no_token_is_no_token_even_without_keys() -> None:
    assert guarded(harness(keys=NoKeys())).client.get("/who").status_code == 401


# The seeded bug


def expired() -> dict[str, str]:
    return alice(now=time.time() - 3600, life_seconds=60)


def test_an_expired_token_is_taken_by_the_seeded_bug_alone(service: Harness) -> None:
    faults, headers = service.app.kit.faults, expired()
    answers = []
    for wanted in ([], [Fault(name=ACCEPT_EXPIRED)], []):
        faults.replace(wanted)
        answers.append(service.client.get("/who", headers=headers).status_code)
    assert answers == [401, 200, 401]


@pytest.mark.parametrize(
    "headers",
    [alice("other", now=0, life_seconds=60), {"Authorization": "Bearer rubbish"}, {}],
    ids=["for-another", "rubbish", "none"],
)
def test_the_seeded_bug_takes_nothing_else(service: Harness, headers: dict[str, str]) -> None:
    service.app.kit.faults.replace([Fault(name=ACCEPT_EXPIRED)])
    assert service.client.get("/who", headers=headers).status_code == 401


def test_the_seeded_bug_hits_its_route_and_share(service: Harness) -> None:
    service.app.kit.faults.replace([Fault(name=ACCEPT_EXPIRED, route="/elsewhere")])
    assert service.client.get("/who", headers=expired()).status_code == 401

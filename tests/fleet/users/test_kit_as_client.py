"""What the kit of the other services asks of users, asked of users."""

from __future__ import annotations

from urllib.parse import urlsplit

from users_alone import SECRET, UsersAlone

from fleet.kit.auth import authenticate
from fleet.kit.credentials import ServiceTokens
from fleet.kit.keys import HttpKeys
from fleet.kit.testing import FakeTransport, harness
from fleet.kit.tokens import Verifier
from fleet.kit.transport import Received, Request


def caller(users: UsersAlone) -> FakeTransport:
    """A transport whose every callee is this service."""

    def answer(request: Request) -> Received:
        path = urlsplit(request.url).path
        given = users.harness.client.open(path, method=request.method, headers=dict(request.headers), data=request.body)
        return Received(given.status_code, given.headers, given.data)

    return FakeTransport(answer)


def test_a_service_gets_its_token_and_the_callee_takes_it(users: UsersAlone) -> None:
    client = harness("orders", transport=caller(users)).app.kit.client("users")
    headers = ServiceTokens(client, "orders", SECRET).headers("payments")
    token = authenticate(headers["Authorization"], Verifier(HttpKeys(client), audience="payments"))
    assert (token.subject, token.scopes) == ("orders", {"charges", "refunds"})


def test_a_customers_token_verifies_after_a_rotation(users: UsersAlone) -> None:
    client = harness("orders", transport=caller(users)).app.kit.client("users")
    verifier = Verifier(HttpKeys(client, max_age=0), audience="orders", clock=users.clock)
    user = users.register().get_json()["id"]
    old = users.token()
    users.clock.now += 86400 - 180
    users.jwks()
    users.clock.now += 180
    tokens = [verifier.verify(users.token()), Verifier(HttpKeys(client), audience="orders").verify(old)]
    assert [token.subject for token in tokens] == [user, user]

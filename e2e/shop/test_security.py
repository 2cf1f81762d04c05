"""Who gets in, who sees whose data, and what cannot be reached from outside."""

from __future__ import annotations

import re
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from shop_client import Client, newcomer
from shop_stacks import PORT, SERVICES, Stack

from fleet.kit.tokens import KeyPair
from fleet.users.model import SHOP_AUDIENCE, SHOP_SCOPE

PRIVATE = ("/v1/users/me", "/v1/accounts/me", "/v1/orders", "/v1/activity", "/v1/home")


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Client:
    return newcomer(stack.entry)


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("token", ["", "nonsense", "e30.e30.e30"])
def test_nobody_gets_in_without_a_token(shop: Client, path: str, token: str) -> None:
    answer = shop.get(path, token=token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PRIVATE)
def test_a_token_of_another_issuer_does_not_count(customer: Client, path: str) -> None:
    subject = customer.get("/v1/users/me").json()["id"]
    pair = KeyPair.generate()
    forged = pair.issue(subject, audience=SHOP_AUDIENCE, scope=SHOP_SCOPE, life_seconds=600, now=time.time())
    assert customer.get(path, token=forged).status_code == 401


def test_a_token_that_was_changed_does_not_count(customer: Client) -> None:
    head, body, signature = customer.token.split(".")
    turned = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")
    assert customer.get("/v1/users/me", token=f"{head}.{body}.{turned}").status_code == 401
    assert customer.get("/v1/users/me").status_code == 200


def test_somebody_elses_order_is_not_there(customer: Client, stranger: Client, product: dict[str, Any]) -> None:
    order = customer.order(product["id"]).json()["id"]
    assert stranger.get(f"/v1/orders/{order}").status_code == 404
    assert stranger.post(f"/v1/orders/{order}/cancel", key="theirs").status_code == 404
    assert order not in stranger.get("/v1/orders").text
    assert customer.get(f"/v1/orders/{order}").json()["status"] == "confirmed"


def test_services_behind_the_door_check_tokens_themselves(stack: Stack) -> None:
    for service, path in (("orders", "/v1/orders"), ("payments", "/v1/accounts/me"), ("users", "/v1/users/me")):
        for replica in stack.replicas(service):
            assert Client(replica.url).get(path).status_code == 401, replica


@pytest.mark.parametrize("path", ["/metrics", "/faults", "/health/ready", "/health/live"])
def test_the_door_does_not_lead_to_admin_ports(shop: Client, path: str) -> None:
    assert shop.get(path).status_code == 404


@pytest.mark.only_on("compose", "processes of one machine all reach its loopback")
def test_only_doors_are_published(stack: Stack) -> None:
    from seatrial.stacks.docker import docker

    for service in SERVICES:
        for replica in stack.replicas(service):
            published = docker("port", replica.key).split("\n")
            ports = [line.split("/")[0] for line in published if line]
            assert ports == ([str(PORT)] if service == "gateway" else [])
            assert all("127.0.0.1" in line for line in published if line)


@pytest.mark.only_on("compose", "processes of one machine all reach its loopback")
def test_a_container_outside_reaches_no_admin_port(stack: Stack) -> None:
    """From the network of containers that nobody has put anywhere: the network `fleet` lets nobody in."""
    from seatrial.stacks.docker import docker

    targets = [urlsplit(replica.admin_url) for service in SERVICES for replica in stack.replicas(service)[:1]]
    script = "import socket, sys\nfor each in sys.argv[1:]:\n try:\n  socket.create_connection((each, 8100), 1); print(each)\n except OSError: pass"
    hosts = [str(each.hostname) for each in targets]
    reached = docker("run", "--rm", "--entrypoint", "python", "seatrial/fleet:local", "-c", script, *hosts)
    assert reached == ""
    socket.create_connection(
        (hosts[0], 8100), 2
    ).close()  # this machine, whose network it is, reaches it: the addresses were right


def test_no_log_line_holds_a_token_or_a_password(stack: Stack, customer: Client, product: dict[str, Any]) -> None:
    customer.order(product["id"])
    secret, subject = customer.token.split(".")[2], customer.get("/v1/users/me").json()["id"]
    lines = [str(line) for line in stack.lines()]
    assert any(subject in line for line in lines), "what they did is not logged at all"
    assert not [line for line in lines if secret in line or re.search(r"Bearer [\w-]{20,}", line)]

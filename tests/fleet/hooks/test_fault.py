from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import requests
from requests.adapters import BaseAdapter

from fleet.hooks.documents import HookError
from fleet.hooks.fault import by_service, fault

SERVICES = [
    {"service": "orders", "url": "http://o1", "admin_url": "http://o1-admin"},
    {"service": "orders", "url": "http://o2", "admin_url": "http://o2-admin"},
    {"service": "payments", "url": "http://p1", "admin_url": "http://p1-admin"},
]
LATENCY = {"name": "latency", "value": 0.5, "service": "orders", "route": None, "share": 1.0}
TWICE = {"name": "charge-twice", "value": None, "service": "payments", "route": "/v1/charges", "share": 0.5}


class Replicas(BaseAdapter):
    """Answers every request with `status` and keeps what came."""

    def __init__(self, status: int = 200) -> None:
        super().__init__()
        self.status = status
        self.seen: list[tuple[str, str, object]] = []

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override] # options are not looked at
        body = json.loads(request.body) if request.body else None
        self.seen.append((str(request.method), str(request.url), body))
        answer = requests.Response()
        answer.status_code = self.status
        answer._content = b"no"
        return answer

    def close(self) -> None:
        """Nothing is open."""


def run(replicas: Replicas, **document: object) -> Mapping[str, object]:
    session = requests.Session()
    session.mount("http://", replicas)
    return fault({"services": SERVICES} | document, session)


def test_a_fault_goes_to_every_replica_of_its_service_and_no_other() -> None:
    replicas = Replicas()
    assert run(replicas, action="apply", faults=[LATENCY]) == {"applied": [LATENCY]}
    body = [{"name": "latency", "value": 0.5, "share": 1.0}]
    assert replicas.seen == [
        ("PUT", "http://o1-admin/faults", body),
        ("PUT", "http://o2-admin/faults", body),
    ]


def test_faults_of_one_service_go_together_since_each_put_replaces_all() -> None:
    assert by_service([LATENCY, LATENCY | {"name": "hang"}, TWICE]) == {
        "orders": [
            {"name": "latency", "value": 0.5, "share": 1.0},
            {"name": "hang", "value": 0.5, "share": 1.0},
        ],
        "payments": [{"name": "charge-twice", "route": "/v1/charges", "share": 0.5}],
    }


def test_lifting_asks_the_services_that_were_named() -> None:
    replicas = Replicas()
    assert run(replicas, action="lift", faults=[TWICE]) == {"lifted": ["payments"]}
    assert replicas.seen == [("DELETE", "http://p1-admin/faults", None)]


def test_lifting_nothing_in_particular_lifts_everything() -> None:
    replicas = Replicas()
    run(replicas, action="lift", faults=[])
    assert len(replicas.seen) == 3


@pytest.mark.parametrize(
    "status,says", [(404, "SEATRIAL_FAULTS=1"), (422, "refuses the faults .422.: no")], ids=["switched-off", "refused"]
)
def test_a_replica_that_does_not_take_it_is_named(status: int, says: str) -> None:
    with pytest.raises(HookError, match=says):
        run(Replicas(status), action="apply", faults=[LATENCY])


@pytest.mark.parametrize(
    "document,says",
    [
        ({"action": "apply", "faults": [LATENCY | {"service": "users"}]}, "runs no users"),
        ({"action": "break", "faults": []}, "neither apply nor lift"),
    ],
    ids=["service", "action"],
)
def test_what_cannot_be_done_is_said(document: dict[str, object], says: str) -> None:
    with pytest.raises(HookError, match=says):
        run(Replicas(), **document)

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from seatrial.stacks.receiver import MOST_BYTES, Notified, Receiver, read_notified

NOTIFICATION = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {"status": "firing", "labels": {"alertname": "Slow", "service": "web"}, "startsAt": "x"},
        {"status": "resolved", "labels": {"alertname": "Down"}},
    ],
}


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "alerts.jsonl", 0, clock=lambda: 7.0)
    yield made
    made.stop()


def test_what_is_heard_is_kept(receiver: Receiver, tmp_path: Path) -> None:
    assert receiver.hear(json.dumps(NOTIFICATION).encode()) == 200
    assert list(read_notified(tmp_path / "alerts.jsonl")) == [
        Notified(7.0, firing=True, labels={"alertname": "Slow", "service": "web"}),
        Notified(7.0, firing=False, labels={"alertname": "Down"}),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"alerts": 1}', b'{"alerts": [{}]}', b'{"alerts": [{"status": "firing", "labels": 3}]}', b"[" * 100_000]
)  # fmt: skip
def test_rubbish_is_refused(receiver: Receiver, body: bytes, tmp_path: Path) -> None:
    assert receiver.hear(body) == 400
    assert not (tmp_path / "alerts.jsonl").exists()


def test_it_listens_on_this_machine_only_until_it_is_stopped(receiver: Receiver, tmp_path: Path) -> None:
    receiver.start()
    with requests.Session() as http:
        http.trust_env = False
        assert http.post(receiver.url, json=NOTIFICATION, timeout=5).status_code == 200
        assert http.post(receiver.url, data=b"x", timeout=5).status_code == 400
        assert http.post(receiver.url, headers={"Content-Length": str(MOST_BYTES + 1)}, timeout=5).status_code == 413
        assert http.get(receiver.url, timeout=5).status_code == 501
    assert receiver.url.startswith("http://127.0.0.1:")
    assert len(list(read_notified(tmp_path / "alerts.jsonl"))) == 2


def test_one_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    Receiver(tmp_path / "alerts.jsonl", 0).stop()


def test_a_line_under_way_is_left(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    file.write_text('{"at": 1.0, "firing": true, "labels": {}}\n{"at": 2.0, "fir')
    assert [each.at for each in read_notified(file)] == [1.0]
    assert list(read_notified(tmp_path / "none.jsonl")) == []

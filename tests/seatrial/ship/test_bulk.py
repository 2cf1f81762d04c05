"""What each answer of Elasticsearch means, with the official client before a transport that answers from a table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders, TransportError
from elastic_transport._node._base import NodeApiResponse
from elasticsearch import Elasticsearch

from seatrial.ship.bulk import Answer, BulkSender
from seatrial.ship.following import Source
from seatrial.ship.lines import Document

SOURCE = Source("web", "web-1", Path("web-1.jsonl"))
Answering = Callable[[list[str]], tuple[int, Any]]


def documents(*ids: str) -> list[Document]:
    return [Document("day", each, b'{"a": 1}', SOURCE, "web-1.jsonl", number) for number, each in enumerate(ids)]


def sender(answering: Answering) -> tuple[BulkSender, list[bytes]]:
    """`answering` gets the ids that a request would create; what was sent is kept."""
    sent: list[bytes] = []

    class Node(BaseNode):
        def perform_request(self, method: str, target: str, body: Any = None, *_: Any, **__: Any) -> Any:
            del method, target
            sent.append(body)
            ids = [json.loads(line)["create"]["_id"] for line in body.splitlines()[::2]]
            status, document = answering(ids)
            answer = HttpHeaders({"content-type": "application/json", "x-elastic-product": "Elasticsearch"})
            meta = ApiResponseMeta(status, "1.1", answer, 0.0, self.config)
            return NodeApiResponse(meta, json.dumps(document).encode())

        def close(self) -> None:
            pass

    client = Elasticsearch("http://127.0.0.1:1", node_class=Node, max_retries=0, retry_on_timeout=False)
    return BulkSender(client), sent


def items(**statuses: int) -> Answering:
    def answering(ids: list[str]) -> tuple[int, Any]:
        found = []
        for each in ids:
            status = statuses.get(each, 201)
            item: dict[str, Any] = {"_index": "day", "_id": each, "status": status}
            if status >= 300:
                item["error"] = {"type": "x", "reason": f"reason {status}", "caused_by": {"reason": "cause"}}
            found.append({"create": item})
        return 200, {"took": 1, "errors": any(statuses.values()), "items": found}

    return answering


def test_each_document_is_only_ever_created_and_goes_as_it_was_written() -> None:
    made, sent = sender(items())
    assert made.send(documents("a", "b")) == Answer(created=2)
    assert sent[0].splitlines()[1] == b'{"a": 1}'


def test_each_item_is_taken_by_its_own_status() -> None:
    made, _ = sender(items(b=409, c=400, d=429, e=503, f=403))
    answer = made.send(documents("a", "b", "c", "d", "e", "f"))
    assert (answer.created, answer.duplicates) == (1, 1)
    assert [(letter.event_id, letter.reason) for letter in answer.letters] == [("c", "reason 400: cause")]
    assert [document.id for document in answer.again] == ["d", "e", "f"]
    assert answer.reason == "status 429: reason 429: cause"


def test_nothing_is_sent_for_nothing() -> None:
    made, sent = sender(items())
    assert made.send([]) == Answer()
    assert sent == []


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_request_that_is_refused_as_a_whole_is_sent_again(status: int) -> None:
    made, _ = sender(lambda _: (status, {"error": {"reason": "no"}}))
    answer = made.send(documents("a", "b"))
    assert len(answer.again) == 2
    assert answer.reason == f"status {status}: no"


@pytest.mark.parametrize("status", [400, 413])
def test_of_a_request_that_cannot_be_the_guilty_line_is_found(status: int) -> None:
    def answering(ids: list[str]) -> tuple[int, Any]:
        return (status, {"error": {"reason": "bad line"}}) if "c" in ids else items()(ids)

    made, _ = sender(answering)
    answer = made.send(documents("a", "b", "c", "d", "e"))
    assert answer.created == 4
    assert [(letter.event_id, letter.reason) for letter in answer.letters] == [("c", "bad line")]


def test_a_server_that_is_away_gets_all_again() -> None:
    def gone(_: list[str]) -> tuple[int, Any]:
        raise TransportError("refused")

    made, _ = sender(gone)
    answer = made.send(documents("a", "b"))
    assert [document.id for document in answer.again] == ["a", "b"]
    assert "refused" in answer.reason

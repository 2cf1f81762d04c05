"""Sends a batch through the official client's bulk helper and takes the answer apart, item by item.

Owns which answer means what. Elasticsearch answers 200 to a bulk request whatever became of its items, so the
status that counts is each item's own. Leaves waiting and sending again to the shipper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from seatrial.ship.lines import Document, Letter, refused

CREATED, BAD_REQUEST, CONFLICT, TOO_LARGE = 201, 400, 409, 413
# As much of the answer as is read: the rest of it would be most of what is sent back.
ANSWERED = ("items.*.status", "items.*.error")
# One request for the whole batch: it is bounded where it is read.
WHOLE = 1 << 30


@dataclass(slots=True)
class Answer:
    """What became of a batch: how many were created, and were there before; letters; what is to be sent again, and why."""

    created: int = 0
    duplicates: int = 0
    letters: list[Letter] = field(default_factory=list)
    again: list[Document] = field(default_factory=list)
    reason: str = ""

    def add(self, other: Answer) -> None:
        """Both together."""
        self.created += other.created
        self.duplicates += other.duplicates
        self.letters += other.letters
        self.again += other.again
        self.reason = self.reason or other.reason


class Sender(Protocol):
    """Sends documents, in their order."""

    def send(self, documents: Sequence[Document]) -> Answer:
        """Never raises for what a server or a network may do: that is in the answer."""


@dataclass(frozen=True, slots=True)
class BulkSender:
    """`client` is an `elasticsearch.Elasticsearch`, which sends nothing again by itself."""

    client: Any

    def send(self, documents: Sequence[Document]) -> Answer:
        """Create each document under its id."""
        from elasticsearch import ApiError, TransportError

        if not documents:
            return Answer()
        try:
            return _read(documents, self._items(documents))
        except ApiError as error:
            status = error.meta.status
            if status not in {BAD_REQUEST, TOO_LARGE}:
                return Answer(again=list(documents), reason=f"status {status}: {_cause(error)}")
            return self._halved(documents, _cause(error))
        except TransportError as error:
            return Answer(again=list(documents), reason=f"{type(error).__name__}: {error.message}")

    def _items(self, documents: Sequence[Document]) -> Iterator[dict[str, Any]]:
        from elasticsearch.helpers import streaming_bulk

        answers = streaming_bulk(
            self.client,
            map(_action, documents),
            chunk_size=len(documents),
            max_chunk_bytes=WHOLE,
            raise_on_error=False,
            max_retries=0,
            filter_path=ANSWERED,
        )
        for _, item in answers:
            yield item["create"]

    def _halved(self, documents: Sequence[Document], reason: str) -> Answer:
        """The request as a whole was refused: find out for which of its lines."""
        if len(documents) == 1:
            return Answer(letters=[refused(documents[0], reason)])
        middle, answer = len(documents) // 2, Answer()
        for part in (documents[:middle], documents[middle:]):
            answer.add(self.send(part))
        return answer


def _action(document: Document) -> dict[str, Any]:
    """The body goes as it was written: the client leaves bytes alone."""
    return {"_op_type": "create", "_index": document.index, "_id": document.id, "_source": document.body}


def _read(documents: Sequence[Document], items: Iterator[dict[str, Any]]) -> Answer:
    """The helper gives the items in the order of the documents."""
    answer = Answer()
    for document, item in zip(documents, items, strict=True):
        status = item.get("status")
        if status == CREATED:
            answer.created += 1
        elif status == CONFLICT:
            answer.duplicates += 1
        elif status == BAD_REQUEST:
            answer.letters.append(refused(document, _told(item)))
        else:  # 429 and 5xx pass; 403 and 404 are an index that somebody has locked or forbidden, and may free
            answer.again.append(document)
            answer.reason = answer.reason or f"status {status}: {_told(item)}"
    return answer


def _told(item: dict[str, Any]) -> str:
    error = item.get("error") or {}
    if not isinstance(error, dict):
        return str(error)
    causes = [error.get("reason"), (error.get("caused_by") or {}).get("reason")]
    return ": ".join(str(cause) for cause in causes if cause)


def _cause(error: Any) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return _told(body) or str(error.message)

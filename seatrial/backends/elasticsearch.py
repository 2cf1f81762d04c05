"""Elasticsearch, through its official client: what it can do, templates, and documents asked out one by one.

Owns turning what the client raises into BackendError. Nothing is sent again unseen. Leaves sending lines to
seatrial.ship, and what documents mean to who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.backends.access import Access
from seatrial.backends.errors import BackendError, Unreachable

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TIMEOUT_SECONDS = 30.0
PAGE = 10_000
# What a server may lack, and a question that only one that has it answers with success.
FEATURES = {
    "ILM": "/_ilm/status",
    "data streams": "/_data_stream",
    "ingest pipelines": "/_ingest/pipeline",
    "security": "/_security/_authenticate",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One document: its index, its id, and the fields that were asked for, those it has."""

    index: str
    id: str
    fields: Mapping[str, Any]


def connect(url: str, access: Access | None = None, timeout: float = TIMEOUT_SECONDS) -> Elasticsearch:
    """The client. Nothing is asked yet."""
    from elasticsearch import Elasticsearch

    return Elasticsearch(
        url, request_timeout=timeout, max_retries=0, retry_on_timeout=False, **(access or Access()).options()
    )


@contextmanager
def told() -> Iterator[None]:
    """What the client raises as a BackendError in one sentence."""
    from elasticsearch import ApiError, TransportError

    try:
        yield
    except ApiError as error:
        raise BackendError(f"Elasticsearch answered {error.meta.status}: {error.message}") from error
    except TransportError as error:
        raise Unreachable(f"Elasticsearch could not be asked: {error.message}") from error


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents behind one name (an index or an alias); each method raises BackendError."""

    client: Elasticsearch
    name: str

    def put_templates(self, templates: Mapping[str, Mapping[str, Any]]) -> None:
        """By name `component.<name>` or `index.<name>`; components first, since indices are composed of them."""
        puts = {
            "component": self.client.cluster.put_component_template,
            "index": self.client.indices.put_index_template,
        }
        with told():
            for kind, put in puts.items():
                for name, body in templates.items():
                    if name.startswith(f"{kind}."):
                        put(name=name.removeprefix(f"{kind}."), body=dict(body))

    def refresh(self) -> None:
        """Everything that was acknowledged can be found when this returns; nothing without any index."""
        with told():
            self.client.indices.refresh(index=self.name, ignore_unavailable=True)

    def all(self, fields: Sequence[str], query: Mapping[str, Any] | None = None) -> Iterator[Found]:
        """Every document once, of one moment, in an order that is none of anybody's; `fields` have doc values."""
        with told():
            opened = self.client.open_point_in_time(index=self.name, keep_alive="2m", ignore_unavailable=True)
        point, after = opened["id"], None
        try:
            while True:
                page = self._page(point, after, fields, query or {"match_all": {}})
                point, hits = page["pit_id"], page["hits"]["hits"]
                yield from (_found(hit) for hit in hits)
                if len(hits) < PAGE:
                    return
                after = hits[-1]["sort"]
        finally:
            with told():
                self.client.close_point_in_time(id=point)

    def _page(self, point: str, after: Any, fields: Sequence[str], query: Mapping[str, Any]) -> Any:
        with told():
            return self.client.search(
                pit={"id": point, "keep_alive": "2m"},
                query=query,
                size=PAGE,
                sort=["_shard_doc"],
                search_after=after,
                source=False,
                docvalue_fields=[{"field": name} for name in fields],
                track_total_hits=False,
            )

    def present(self, ids: Sequence[str], field: str) -> set[str]:
        """Those of `ids`, at most a page, that a search finds now."""
        with told():
            answer = self.client.search(
                index=self.name,
                query={"terms": {field: list(ids)}},
                size=len(ids) or 1,
                source=False,
                track_total_hits=False,
                ignore_unavailable=True,
            )
        return {hit["_id"] for hit in answer["hits"]["hits"]}


def features(client: Elasticsearch) -> dict[str, bool]:
    """Which of FEATURES the server has. Raises BackendError when it cannot be asked."""
    from elasticsearch import ApiError

    found = {}
    with told():
        for name, path in FEATURES.items():
            try:
                client.perform_request("GET", path, headers={"accept": "application/json"})
                found[name] = True
            except ApiError:
                found[name] = False
    return found


def _found(hit: Mapping[str, Any]) -> Found:
    fields = {name: values[0] for name, values in hit.get("fields", {}).items()}
    return Found(hit["_index"], hit["_id"], fields)

"""The activity's views: a customer's own feed, and events from services whose token has the scope."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fleet.activity.model import Entry, EventPath, Feed, NewEvent
from fleet.activity.store import FeedStore
from fleet.kit import auth
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict
from fleet.kit.paging import PageQuery, decode_cursor, page
from fleet.kit.tokens import Verifier

SHOW_TWICE = "show-twice"
FEED, EVENTS = "feed", "events"  # scopes


class OtherEvent(Conflict):
    """The id stands for another event."""

    slug, title = "other-event", "The event's id was told with another content"


def feed_routes(store: FeedStore, verifier: Verifier) -> APIBlueprint:
    """What a customer sees."""
    routes = APIBlueprint("feed", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=FEED)

    @routes.get("/v1/activity", summary="What became of my orders, the latest first", responses={200: Feed})
    def view_feed(query: PageQuery) -> Response:
        found = store.latest(auth.subject(), decode_cursor(query.cursor), query.limit + 1)
        rows, following = page(found, query.limit, lambda row: row[0])
        return _json(Feed(items=[entry for _, entry in rows], next_cursor=following))

    return routes


def event_routes(store: FeedStore, kit: Kit, verifier: Verifier) -> APIBlueprint:
    """What services tell."""
    routes = APIBlueprint("events", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=EVENTS)
    counter = kit.metrics.counter("feed_entries_total")

    @routes.put("/v1/events/<event_id>", summary="Tell of an event", responses={200: Entry, 201: Entry, 409: None})
    def tell(path: EventPath, body: NewEvent) -> Response:
        before = store.tell(path.event_id, body, twice=kit.faults.active(SHOW_TWICE))
        if before is not None and before != body:
            raise OtherEvent(f"{path.event_id} was told before, with another content.")
        if before is None:
            counter.labels(event_kind=body.kind).inc()
        told = Entry(event_id=path.event_id, kind=body.kind, order_id=body.order_id, at=body.at)
        return _json(told, 201 if before is None else 200)

    return routes


def _json(model: Feed | Entry, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")

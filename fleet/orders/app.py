"""Puts the orders together."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from fleet.kit import auth, standalone
from fleet.kit.app import Kit, KitApp, create_kit_app
from fleet.kit.database import open_store
from fleet.kit.idempotency import Records
from fleet.orders import OrdersSettings
from fleet.orders.clients import DEFAULT_ADDRESSES, Clients
from fleet.orders.outbox import Outbox
from fleet.orders.routes import order_routes
from fleet.orders.saga import LEAK_ORDERS, LOSE_EVENT, LOSE_RELEASE, SKIP_REFUND, Leases, Recovery, Saga
from fleet.orders.store import RECORDS, OrdersStore, migrate

FAULTS = (LOSE_RELEASE, SKIP_REFUND, LOSE_EVENT, LEAK_ORDERS)
PAUSE_SECONDS = 0.25  # between two looks for orders to take up, and for events to tell


def create_app(settings: OrdersSettings, *, store: OrdersStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("orders", settings, faults=FAULTS, by_hand=DEFAULT_ADDRESSES, **collaborators)
    store = store or OrdersStore(open_store(app.kit, migrate))
    app.register_api(order_routes(assemble(app.kit, store), auth.verifier(app.kit)))
    standalone.introduce(app.kit, calls=tuple(DEFAULT_ADDRESSES))
    return app


def assemble(kit: Kit, store: OrdersStore) -> Saga:
    """The saga, with the loops that go on when requests do not."""
    called = {name: kit.client(name) for name in ("catalog", "inventory", "payments", "activity")}
    clients = Clients(**called, tokens=kit.credentials)
    leases = Leases(kit.settings.name_of(kit.service))
    saga = Saga(store, clients, kit, Records(RECORDS), leases, announced=partial(kit.loops.wake, "outbox"))
    # What this replica's former process held, it holds no longer: its port is ours.
    store.forget(leases.replica, but=leases.mine)
    kit.loops.add("recovery", Recovery(saga).round, PAUSE_SECONDS)
    kit.loops.add("outbox", Outbox(store, clients, leases, kit.logs).round, PAUSE_SECONDS)
    kit.metrics.gauge("orders_unsettled").set_function(store.unsettled)
    kit.metrics.gauge("orders_outbox_pending").set_function(store.untold)
    kit.metrics.gauge("orders_unsettled_oldest_seconds").set_function(lambda: store.oldest_unsettled(time.time()))
    kit.metrics.gauge("orders_outbox_oldest_seconds").set_function(lambda: store.oldest_untold(time.time()))
    return saga

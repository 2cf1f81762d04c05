"""A pytest plugin: the activity's store is a keyspace of the Cassandra at SEATRIAL_TEST_CASSANDRA, whatever SQLite file a test names.

    SEATRIAL_TEST_CASSANDRA=cassandra://127.0.0.1:9042/{keyspace} pytest -p on_cassandra tests/fleet/activity

Each path has a keyspace of its own. Of what is asked for that is not there, nothing is made.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from fleet.activity import store
from fleet.activity.store import Opened

SERVER = os.environ["SEATRIAL_TEST_CASSANDRA"]

original = store.at


def at(url: str, **options: Any) -> Opened:
    if not url.startswith("sqlite:///"):
        return original(url, **options)
    return original(SERVER.format(keyspace="t" + hashlib.sha256(url.encode()).hexdigest()[:20]), **options)


def pytest_configure() -> None:
    store.at = at

"""What a keyspace's URL may be, and what is said when nobody answers; the rest is e2e/test_cassandra.py's."""

from __future__ import annotations

import pytest

from fleet.activity import store as activity
from fleet.activity.sql import SqlFeed
from fleet.kit.database import Database, StoreGone
from fleet.kit.errors import StoreUrlError
from fleet.kit.keyspace import Keyspace

NOBODY = "cassandra://127.0.0.1:1/feed"  # a port that no ordinary user may listen at


@pytest.mark.parametrize(
    "url,says",
    [
        ("cassandra://host", "names no keyspace"),
        ("cassandra://host/", "names no keyspace"),
        ("cassandra://host/Feed", "names no keyspace of a-z"),
        ("cassandra://host/feed;drop", "names no keyspace of a-z"),
        ("cassandra:///feed", "names no host"),
        ("cassandra://user:secret@host/feed", "names a user; nobody logs in"),
        ("cassandra://host/feed?copies=0", "asks for 0 copies; 1 to 9"),
        ("cassandra://host/feed?copies=many", "asks for many copies"),
        ("cassandra://host/feed?copies=1&copies=2", "copies; 1 to 9"),
    ],
)
def test_a_wrong_url_is_refused_with_a_right_one(url: str, says: str) -> None:
    with pytest.raises(StoreUrlError, match=says) as refused:
        Keyspace(url)
    assert "Give cassandra://host/keyspace" in str(refused.value)


def test_a_password_is_not_told() -> None:
    with pytest.raises(StoreUrlError) as refused:
        Keyspace("cassandra://user:secret@host/")
    assert "secret" not in str(refused.value)


def test_nobody_there_is_a_store_that_is_gone() -> None:
    nobody = Keyspace(NOBODY)  # it is not asked yet
    for attempt in (nobody.check, lambda: nobody.create(()), lambda: nobody.change("SELECT 1", ())):
        with pytest.raises(StoreGone):
            attempt()
    nobody.close()


def test_a_feed_is_of_its_stores_kind() -> None:
    assert isinstance(activity.at(NOBODY), Keyspace)
    database = activity.at("postgresql://shop@nobody/activity")
    assert isinstance(database, Database)
    assert isinstance(activity.feed_in(database), SqlFeed)
    database.close()

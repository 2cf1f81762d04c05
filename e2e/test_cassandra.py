"""The feed on a real Cassandra: what every kind of feed promises, and what is Cassandra's own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import count
from uuid import UUID, uuid1

import pytest
from cassandra_server import Server, running_server
from shop_suite import passed_on

from fleet.activity.cql import SHOW, CqlFeed
from fleet.activity.model import Kind, NewEvent
from fleet.activity.store import at, feed_in, migrate
from fleet.kit.database import StoreGone
from fleet.kit.keyspace import Keyspace, Row

NUMBERS = count(1)
HAPPENED = NewEvent(user_id="alice", kind=Kind.CONFIRMED, order_id="o-1", at=12.5)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def keyspace(server: Server) -> Iterator[Keyspace]:
    opened = at(server.url(f"k{next(NUMBERS)}"))
    assert isinstance(opened, Keyspace)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def feed(keyspace: Keyspace) -> CqlFeed:
    feed = feed_in(keyspace)
    assert isinstance(feed, CqlFeed)
    return feed


def shown(feed: CqlFeed, user: str = "alice") -> list[str]:
    return [entry.event_id for _, entry in feed.latest(user, None, 100)]


def test_a_teller_that_is_cut_off_between_its_statements_tells_again(
    feed: CqlFeed, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = keyspace.change

    def cut_off(statement: str, parameters: tuple[object, ...]) -> Row:
        if statement == SHOW:
            raise ConnectionResetError
        return change(statement, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(keyspace, "change", cut_off)
        with pytest.raises(ConnectionResetError):
            feed.tell("e1", HAPPENED)
    assert shown(feed) == []
    feed.tell("e2", HAPPENED)
    assert feed.tell("e1", HAPPENED) == HAPPENED
    assert feed.tell("e1", HAPPENED) == HAPPENED
    assert shown(feed) == ["e2", "e1"]  # where it was claimed to stand


def test_another_content_is_told_and_shown_nowhere(feed: CqlFeed) -> None:
    feed.tell("e1", HAPPENED)
    assert feed.tell("e1", HAPPENED.model_copy(update={"user_id": "bob"})) == HAPPENED
    assert (shown(feed), shown(feed, "bob")) == (["e1"], [])


@pytest.mark.parametrize("position", ["", "12", "%", "0e5a1f4e-6a0c-4c54-9a3e-0d9a6f4f7c11"])
def test_at_a_position_of_somebody_elses_making_there_is_nothing(feed: CqlFeed, position: str) -> None:
    feed.tell("e1", HAPPENED)
    assert feed.latest("alice", position, 9) == []


def test_a_position_does_not_tell_which_machine_it_is_of(feed: CqlFeed) -> None:
    feed.tell("e1", HAPPENED)
    [(position, _)] = feed.latest("alice", None, 9)
    assert UUID(position).version == 1
    assert UUID(position).node != uuid1().node


def test_a_migrated_store_can_be_migrated_again(feed: CqlFeed, keyspace: Keyspace) -> None:
    feed.tell("e1", HAPPENED)
    migrate(keyspace)
    assert shown(feed) == ["e1"]


def test_what_is_not_migrated_does_not_answer(server: Server) -> None:
    nowhere = Keyspace(server.url("nowhere"))
    with pytest.raises(StoreGone):
        nowhere.check()
    nowhere.close()


def test_a_store_that_is_closed_opens_again(feed: CqlFeed, keyspace: Keyspace) -> None:
    feed.tell("e1", HAPPENED)
    keyspace.close()
    assert shown(feed) == ["e1"]


def test_a_server_that_is_away_is_said_and_found_again(feed: CqlFeed, keyspace: Keyspace, server: Server) -> None:
    """What was told is there after a crash: it was on the disk before it was answered."""
    feed.tell("e1", HAPPENED)
    server.stop(signal.SIGKILL)
    try:
        for attempt in (keyspace.check, lambda: feed.tell("e2", HAPPENED)):
            with pytest.raises(StoreGone) as gone:
                attempt()
            assert (gone.value.status, gone.value.headers["Retry-After"]) == (503, "1")
    finally:
        server.start()
    keyspace.check()  # at once: all that it knew of were away, so it connects anew
    feed.tell("e2", HAPPENED)
    assert shown(feed) == ["e2", "e1"]


def entries(server: Server, name: str) -> int:
    keyspace = Keyspace(server.url(name))
    count = sum(1 for _ in CqlFeed(keyspace).everything())
    keyspace.close()
    return count


def test_the_activitys_tests_and_the_shops_journeys_hold_on_it(server: Server) -> None:
    suites = ("tests/fleet/activity", "tests/fleet/test_journeys_on_the_shop.py", "tests/fleet/hooks/test_evidence.py")
    assert passed_on("on_cassandra", "SEATRIAL_TEST_CASSANDRA", server.url("{keyspace}"), *suites) > 30
    made = Keyspace(server.url("system_schema")).execute("SELECT keyspace_name FROM keyspaces")
    shops = [row["keyspace_name"] for row in made if row["keyspace_name"].startswith("t")]
    assert len([name for name in shops if entries(server, name)]) > 3

import json
from pathlib import Path

import pytest

from fleet.kit.balance import TwoChoices
from fleet.kit.breaker import Breaker, Limits
from fleet.kit.discovery import FileDiscovery
from fleet.kit.errors import Unavailable
from fleet.kit.replicas import Replicas
from fleet.kit.testing import FakeTransport, received
from fleet.kit.transport import TransportError

REFUSED = TransportError("ConnectionRefused", "no connection", sent=False)


class World:
    """The replicas of `a` as a discovery file says; one silence opens a circuit, for ever."""

    def __init__(self, folder: Path, *targets: str) -> None:
        self.file = folder / "discovery.json"
        self.list(*targets)
        self.transport = FakeTransport(received())
        self.replicas = Replicas(
            callee="a",
            discovery=FileDiscovery(self.file),
            balancer=TwoChoices(sample=lambda addresses, number: list(addresses)[:number]),
            gate=Breaker(Limits(silences=1, open_seconds=3600)),
            transport=self.transport,
        )

    def list(self, *targets: str) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps([{"targets": [target], "labels": {"job": "a"}} for target in targets]))
        new.replace(self.file)

    def placed(self, *tried: str) -> str:
        """An address, its call ended well at once."""
        place = self.replicas.place(tried)
        self.replicas.ended(place, received(), 5.0)
        return place.address

    def silence(self) -> str:
        place = self.replicas.place([])
        self.replicas.ended(place, REFUSED, 5.0)
        return place.address


def test_address_just_tried_is_not_the_next(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1", "h:2", "h:3")
    assert [given.placed(), given.placed("h:1"), given.placed("h:1", "h:2")] == ["h:1", "h:2", "h:3"]


def test_the_only_one_is_tried_again(tmp_path: Path) -> None:
    assert World(tmp_path, "h:1").placed("h:1") == "h:1"


def test_address_tried_is_better_than_one_left_alone(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1", "h:2")
    assert given.silence() == "h:1"
    assert given.placed("h:2") == "h:2"


def test_all_left_alone(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1", "h:2")
    assert {given.silence(), given.silence()} == {"h:1", "h:2"}
    with pytest.raises(Unavailable, match="may be called now"):
        given.placed()


def test_none_known(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No replica of a is known"):
        World(tmp_path).placed()


def test_one_more_replica_changes_nothing_about_the_others(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1")
    given.silence()
    given.list("h:1", "h:2")
    assert [given.placed(), given.placed()] == ["h:2", "h:2"]
    assert given.transport.forgotten == set()


def test_connections_to_the_gone_are_dropped(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1", "h:2")
    given.placed()
    given.list("h:2")
    given.placed()
    assert given.transport.forgotten == {"h:1"}


def test_replica_that_comes_back_is_new(tmp_path: Path) -> None:
    given = World(tmp_path, "h:1", "h:2")
    given.silence()
    given.list("h:2")
    given.placed()
    given.list("h:1", "h:2")
    assert given.placed() == "h:1"

import pytest

from seatrial.ship.names import IndexNames


def test_a_day_is_the_events_own_in_utc() -> None:
    names = IndexNames.of("shop")
    assert names.day(0) == "seatrial-shop-logs-1970.01.01"
    assert names.day(86399.999) == "seatrial-shop-logs-1970.01.01"
    assert names.day(86400) == "seatrial-shop-logs-1970.01.02"


def test_dead_letters_are_no_day() -> None:
    names = IndexNames.of("shop")
    assert not names.letters.startswith(names.pattern.removesuffix("*"))


@pytest.mark.parametrize("fleet", ["Shop", "My Shop!", "a/b*c?", "läden"])
def test_names_are_such_as_elasticsearch_takes(fleet: str) -> None:
    prefix = IndexNames.of(fleet, "20261126-011342-3C81").prefix
    assert prefix.startswith("seatrial-")
    assert prefix.endswith("-20261126-011342-3c81")
    assert prefix == prefix.lower()
    assert set(prefix) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")

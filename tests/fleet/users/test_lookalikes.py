from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.users.lookalikes import folded, mixes_scripts, skeleton


@pytest.mark.parametrize(
    "one,other",
    [
        ("paypal", "paypa1"),
        ("coco", "сосо"),  # noqa: RUF001 - the second is Cyrillic
        ("root", "r00t"),
        ("modern", "rnodern"),
        ("Alice", "ALICE"),
        ("fine", "ﬁne"),
        ("alice", "ａｌｉｃｅ"),  # noqa: RUF001 - full width
        ("straße", "STRASSE"),
        ("vvv", "ννν"),  # noqa: RUF001 - Greek
    ],
    ids=["1-l", "cyrillic", "0-o", "rn-m", "case", "ligature", "full-width", "sharp-s", "greek"],
)
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    "one,other",
    [("cust-00001", "cust-00010"), ("alice", "alicia"), ("jose", "josé"), ("a.b", "a-b"), ("bill", "bili")],
)
def test_what_does_not_has_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    "text,mixed",
    [("alice", False), ("алиса", False), ("alice-07", False), ("аlice", True), ("αlpha", True), ("李明", False)],  # noqa: RUF001
)
def test_one_script_or_several(text: str, *, mixed: bool) -> None:
    assert mixes_scripts(text) is mixed


@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=40))
def test_equal_when_folded_is_equal_to_look_at(text: str) -> None:
    assert skeleton(text) == skeleton(folded(text))


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2, unique=True))
def test_numbers_stay_apart(numbers: list[int]) -> None:
    one, other = (f"cust-{number}" for number in numbers)
    assert skeleton(one) != skeleton(other)

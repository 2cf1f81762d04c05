from __future__ import annotations

import pytest

from fleet.kit.errors import BadRequest
from fleet.kit.paging import decode_cursor, encode_cursor, page


@pytest.mark.parametrize("key", ["prod-00001", "17", "", "ü/?&"])
def test_a_cursor_gives_its_key_back(key: str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


def test_no_cursor_is_the_first_page() -> None:
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    "cursor",
    ["!", "cHJvZA==", "cHJvZB", "a", "_w", "\N{GRINNING FACE}", encode_cursor("a\0")],
    ids=["rubbish", "padded", "bits", "short", "no-text", "no-ascii", "nul"],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="not one of ours"):
        decode_cursor(cursor)


@pytest.mark.parametrize(
    "rows,items,following",
    [([], [], None), ([1], [1], None), ([1, 2], [1, 2], None), ([1, 2, 3], [1, 2], encode_cursor("2"))],
    ids=["empty", "part", "full", "more"],
)
def test_a_page_has_a_next_only_when_something_follows(
    rows: list[int], items: list[int], following: str | None
) -> None:
    assert page(rows, 2, str) == (items, following)

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.kit.base64url import NotBase64Url, decode, encode


@given(st.binary(min_size=1, max_size=100))
def test_bytes_come_back(raw: bytes) -> None:
    assert decode(encode(raw)) == raw


@given(st.text(max_size=20))
def test_what_is_read_has_one_way_of_writing(text: str) -> None:
    with suppress(NotBase64Url):
        assert encode(decode(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "A", "AAAAA", "AA==", "AA=", "AB", "AAB", "A+AA", "A/AA", "AA AA", "AAAA\n", "\u0410AAA", "AA.AA"],
    ids=ascii,
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotBase64Url):
        decode(text)

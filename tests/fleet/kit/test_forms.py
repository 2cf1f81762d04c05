from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from fleet.kit.forms import LIMIT, MEDIA_TYPE, InvalidForm, parse, read


def request(body: bytes, kind: str = MEDIA_TYPE, limit: int | None = None) -> Request:
    made = Request(EnvironBuilder(method="POST", data=body, content_type=kind).get_environ())
    made.max_content_length = limit
    return made


@pytest.mark.parametrize(
    "body,fields",
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=x+y%20z", {"a": "x y z"}),
        (b"a=%C3%A9", {"a": "é"}),
        (b"a=&b", {}),
        (b"a=1;b=2", {"a": "1;b=2"}),
    ],
    ids=["empty", "two", "spaces", "utf-8", "no-values", "semicolon"],
)
def test_a_form_is_its_parameters(body: bytes, fields: dict[str, str]) -> None:
    assert parse(body) == fields


@pytest.mark.parametrize(
    "body",
    [b"a=1&a=2", b"a=1&a=", b"a=%FF", b"%FF=1", b"a=\xff", b"a=%C3", b"a=" + b"x" * LIMIT, b"a=1&" * 20],
    ids=["twice", "twice-once-empty", "not-utf-8", "name-not-utf-8", "raw-byte", "half-a-letter", "long", "many"],
)
def test_a_form_that_is_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidForm):
        parse(body)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_there_is_a_form_or_a_refusal(body: bytes) -> None:
    with suppress(InvalidForm):
        assert all(isinstance(value, str) for value in parse(body).values())


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", ""], ids=["json", "multipart", "none"]
)
def test_another_media_type_is_refused(kind: str) -> None:
    with pytest.raises(InvalidForm, match="must be"):
        read(request(b"a=1", kind))


def test_a_charset_may_be_named() -> None:
    assert read(request(b"a=1", f"{MEDIA_TYPE}; charset=utf-8")) == {"a": "1"}


def test_more_than_the_service_takes_of_anything_is_too_large() -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(request(b"a=12345", limit=4))

"""Pages by cursor: an opaque text that tells where the next page begins.

A cursor holds the last key of its page, so pages stay right while rows come and go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from fleet.kit.body import Input
from fleet.kit.errors import BadRequest

MAX_LIMIT = 100
NEWEST = 2**62  # above every sequence number
Item = TypeVar("Item")


class PageQuery(Input):
    """`cursor` is `next_cursor` of the page before; `limit` is the most items a page may have."""

    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20


def encode_cursor(key: str) -> str:
    """The cursor of the page that begins after `key`."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str | None) -> str | None:
    """The key that a cursor holds; None is the first page.

    Raises:
        BadRequest: nothing of ours.
    """
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:  # binascii.Error and UnicodeError are, and so is what other than ASCII raises
        raise BadRequest("The cursor is not one of ours; begin again without it.") from error
    if encode_cursor(key) != cursor or "\0" in key:
        raise BadRequest("The cursor is not one of ours; begin again without it.")
    return key


def page(rows: Sequence[Item], limit: int, key: Callable[[Item], str]) -> tuple[list[Item], str | None]:
    """Items of a page and the next cursor, from up to `limit + 1` rows; no cursor when nothing follows."""
    items = list(rows[:limit])
    return items, encode_cursor(key(items[-1])) if len(rows) > limit else None


def sequence(key: str | None) -> int:
    """The sequence number before which a page of the latest begins; a key that is none of ours finds nothing."""
    if key is None:
        return NEWEST
    return int(key) if key.isascii() and key.isdigit() and len(key) < len(str(NEWEST)) else 0

"""base64url as JOSE wants it (RFC 7515, appendix C): no padding, no other alphabet, no stray bits. Pure."""

from __future__ import annotations

import base64
import binascii
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class NotBase64Url(ValueError):
    """The text is not the one way to write its bytes."""


def encode(raw: bytes) -> str:
    """The bytes as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes that the text stands for; at least one.

    Raises:
        NotBase64Url: `encode` would write them otherwise.
    """
    if not _ALPHABET.fullmatch(text):
        raise NotBase64Url("not base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise NotBase64Url("not base64url") from error
    if encode(raw) != text:
        raise NotBase64Url("base64url that is not canonical")
    return raw

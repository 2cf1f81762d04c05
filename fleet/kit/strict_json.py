"""JSON as RFC 8259 and I-JSON (RFC 7493) allow it, and nothing that Python's parser would let through beside it.

Refuses NaN and Infinity, duplicate keys, deep nesting, invalid UTF-8, a byte order mark, lone surrogates, and numbers
that a 64-bit integer or a double cannot hold. Pure; `requests` makes a 400 of a refusal.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

DEPTH = 64
_DIGITS = 20  # a 64-bit integer has at most 19 and a sign; int() is quadratic in the digits
_LARGEST = 2**63 - 1
_EXACT = 2**53  # up to here a double says which integer was meant
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class InvalidJson(ValueError):
    """The document is not JSON, or not JSON that everyone reads alike."""


def loads(document: bytes) -> Any:
    """The value of a JSON document.

    Raises:
        InvalidJson: with a sentence on what is wrong; no other exception, whatever the bytes are.
    """
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"byte {error.start} is not UTF-8") from None
    _refuse_deep(text)
    try:
        value = _DECODER.decode(text)
    except InvalidJson:
        raise
    except ValueError as error:  # JSONDecodeError is one
        raise InvalidJson(str(error)) from None
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(value)
    return value


def _refuse_deep(text: str) -> None:
    # Counting is fast and nearly always enough; only a document with many brackets is scanned.
    if text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > DEPTH:
            raise InvalidJson(f"nested deeper than {DEPTH} levels")


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidJson("a string holds half of a surrogate pair") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidJson("an object holds a key twice")
    return value


def _constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or not -_LARGEST - 1 <= (value := int(digits)) <= _LARGEST:
        raise InvalidJson("an integer needs more than 64 bits")
    return value


def _number(digits: str) -> float:
    """An int where the value is one: JSON has one kind of number, and JSON Schema calls 1.0 an integer."""
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidJson("a number is too large for a double")
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_number
)

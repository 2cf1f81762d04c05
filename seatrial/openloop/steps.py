"""What a journey may ask, as data: the request, the right answers, and the services a success must touch."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

# Takes the decoded JSON body; returns None when it is right, else what is wrong with it in a few words.
Check = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of request.

    `route` is the URL template in OpenAPI braces, which is also how the target's telemetry names it.
    `right` maps each status that is a right answer to the check of its body (None: any body will do).
    `touches` names the services that a 2xx answer must have touched. `keyed` sends a fresh Idempotency-Key,
    `authorized` the identity's bearer token, `ref` names the member whose value goes into the row.
    """

    name: str
    method: str
    route: str
    right: Mapping[int, Check | None] = field(default_factory=lambda: {200: None})
    touches: tuple[str, ...] = ()
    keyed: bool = False
    authorized: bool = False
    ref: str | None = None

    def target(self, path: Mapping[str, str], query: Mapping[str, Any] | None) -> str:
        """The request target: `route` with quoted `path` values, and `query` without its None values."""
        filled = self.route.format_map({name: quote(str(value), safe="") for name, value in path.items()})
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        return f"{filled}?{urlencode(asked)}" if asked else filled

    def parameters(self) -> frozenset[str]:
        """The names in the braces of `route`."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.route) if name)

    def wrong(self, answer: Answer) -> str | None:
        """What is wrong with `answer`, or None when it is right."""
        if answer.status not in self.right:
            return f"status {answer.status}"
        check = self.right[answer.status]
        if check is None:
            return None
        try:
            return check(answer.json)
        except ValueError:
            return "not JSON"
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            return f"body misshapen: {error!r}"


@dataclass(frozen=True)
class Answer:
    """A whole answer of the target."""

    status: int
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The decoded body; raises ValueError when it is not JSON."""
        return json.loads(self.body)


def has(*names: str, **equal: Any) -> Check:
    """An object with all of `names` present and not null, and the members of `equal` equal to theirs."""

    def check(body: Any) -> str | None:
        if not isinstance(body, dict):
            return "not an object"
        absent = [name for name in names if body.get(name) is None]
        other = [name for name, value in equal.items() if body.get(name) != value]
        if absent:
            return f"lacks {', '.join(absent)}"
        return f"{other[0]} is {body.get(other[0])!r}" if other else None

    return check


def problem(kind: str) -> Check:
    """An RFC 9457 problem whose type ends in `/kind`."""

    def check(body: Any) -> str | None:
        named = str(body.get("type", "")) if isinstance(body, dict) else ""
        return None if named.rsplit("/", 1)[-1] == kind else f"problem type {named!r}"

    return check

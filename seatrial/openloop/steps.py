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
_BODILESS = frozenset({204, 304})
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer to one request is held against, beyond its step.

    `headers` were sent; a 2xx body must have the members `equal` with these values; `like` is an earlier answer that
    this one must repeat.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    equal: Mapping[str, Any] = field(default_factory=dict)
    like: Answer | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of request.

    `route` is the URL template in OpenAPI braces, which is also how the target's telemetry names it.
    `right` maps each status that is a right answer to the check of its body (None: any body will do).
    `touches` names the services that a 2xx answer must have touched. `keyed` sends a fresh Idempotency-Key,
    `authorized` the identity's bearer token, `ref` names the member whose value goes into the row.
    `echoes` maps members of a 2xx body to the path parameters, or members of the request's body, that they must
    repeat. `bears` names the headers that an answer below 400 must have.
    """

    name: str
    method: str
    route: str
    right: Mapping[int, Check | None] = field(default_factory=lambda: {200: None})
    touches: tuple[str, ...] = ()
    keyed: bool = False
    authorized: bool = False
    ref: str | None = None
    echoes: Mapping[str, str] = field(default_factory=dict)
    bears: tuple[str, ...] = ()

    def target(self, path: Mapping[str, str], query: Mapping[str, Any] | None) -> str:
        """The request target: `route` with quoted `path` values, and `query` without its None values."""
        filled = self.route.format_map({name: quote(str(value), safe="") for name, value in path.items()})
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        return f"{filled}?{urlencode(asked)}" if asked else filled

    def parameters(self) -> frozenset[str]:
        """The names in the braces of `route`."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.route) if name)

    def echoed(self, path: Mapping[str, str], body: Any) -> dict[str, Any]:
        """What a right 2xx body says again of what was sent; raises KeyError for a name that was not."""
        return {member: path[name] if name in path else body[name] for member, name in self.echoes.items()}

    def wrong(self, answer: Answer, asked: Asked = Asked()) -> str | None:
        """What is wrong with `answer`, or None when it is right."""
        if answer.status not in self.right:
            return f"status {answer.status}"
        try:
            return self._misshapen(answer, asked) or self._unmarked(answer) or _unlike(answer, asked)
        except ValueError:
            return "not JSON"
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            return f"body misshapen: {error!r}"

    def _misshapen(self, answer: Answer, asked: Asked) -> str | None:
        if answer.status in _BODILESS:
            return "a body where there is none to be" if answer.body else None
        check = self.right[answer.status]
        wrong = check(answer.json) if check else None
        if wrong or not answer.succeeded:
            return wrong
        return _unequal(answer.json, asked.equal) if asked.equal else None

    def _unmarked(self, answer: Answer) -> str | None:
        absent = [name for name in self.bears if answer.header(name) is None]
        return f"no header {', '.join(absent)}" if absent and answer.status < _REFUSED else None


@dataclass(frozen=True)
class Answer:
    """A whole answer of the target; the names of `headers` are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def json(self) -> Any:
        """The decoded body; raises ValueError when it is not JSON."""
        return json.loads(self.body)

    @property
    def succeeded(self) -> bool:
        """Whether its status is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - as it says

    def header(self, name: str) -> str | None:
        """The header of that name, in any case."""
        return self.headers.get(name.lower())


def has(*names: str, **equal: Any) -> Check:
    """An object with all of `names` present and not null, and the members of `equal` equal to theirs."""

    def check(body: Any) -> str | None:
        if not isinstance(body, dict):
            return "not an object"
        absent = [name for name in names if body.get(name) is None]
        return f"lacks {', '.join(absent)}" if absent else _unequal(body, equal)

    return check


def problem(kind: str) -> Check:
    """An RFC 9457 problem whose type ends in `/kind`."""

    def check(body: Any) -> str | None:
        named = str(body.get("type", "")) if isinstance(body, dict) else ""
        return None if named.rsplit("/", 1)[-1] == kind else f"problem type {named!r}"

    return check


def _unequal(body: Any, expected: Mapping[str, Any]) -> str | None:
    other = [name for name, value in expected.items() if body.get(name) != value]
    return f"{other[0]} is {body.get(other[0])!r}" if other else None


def _unlike(answer: Answer, asked: Asked) -> str | None:
    """What tells the answer from the one it must repeat: the first of a repeated request, or what the client holds."""
    tag = asked.headers.get("If-None-Match")
    if tag and answer.succeeded and answer.header("ETag") == tag:
        return "sent again, though the ETag is the one that was named"
    if asked.like is None:
        return None
    if answer.status != asked.like.status:
        return f"status {answer.status}, the first time {asked.like.status}"
    return (
        None if answer.body == asked.like.body or answer.json == asked.like.json else "not the body of the first time"
    )

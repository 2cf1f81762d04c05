"""Lines of access logs: common, combined, nginx's JSON, ECS; told apart line by line.

Owns text to method, path, query and status. Leaves what becomes of them to `access_log`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

KNOWN = "common, combined, nginx's JSON, ECS JSON lines"
# Begins with the address, or with the virtual host before it; ends with nothing, or with referrer and agent.
CLF = re.compile(r'^(?:\S+ )?\S+ \S+ [^\[]*\[[^\]]+\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3})(?: |$)')
# By preference: the request line as a whole, then its parts. Nested ECS is read by its dotted names.
REQUEST_LINES = ("request", "requestLine")
METHODS = ("http.request.method", "request_method", "method", "http_method")
TARGETS = ("url.original", "request_uri", "url.path", "uri", "path", "url")
QUERIES = ("url.query", "query_string", "args")
STATUSES = ("http.response.status_code", "status", "status_code", "http_status")


class Hit(NamedTuple):
    """One request as a log tells it; `query` is without its question mark."""

    method: str
    path: str
    query: str
    status: int


def read_line(line: str) -> Hit | None:
    """The request of a line, or None when no known format fits."""
    text = line.strip()
    return _read_json(text) if text.startswith("{") else _read_clf(text)


def flat(document: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as dotted names; names that are dotted already stay."""
    members: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            members |= flat(value, f"{above}{name}.")
        else:
            members[f"{above}{name}"] = value
    return members


def _read_clf(text: str) -> Hit | None:
    found = CLF.match(text)
    return _hit(found["request"], found["status"]) if found else None


def _read_json(text: str) -> Hit | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    members = flat(document) if isinstance(document, dict) else {}
    status = _first(members, STATUSES)
    line = _first(members, REQUEST_LINES)
    if line.count(" ") == 2:  # noqa: PLR2004 - method, target, protocol
        return _hit(line, status)
    method, target, query = (_first(members, names) for names in (METHODS, TARGETS, QUERIES))
    asked = f"{target}?{query}" if query and "?" not in target else target
    return _hit(f"{method} {asked}", status)


def _hit(request: str, status: str) -> Hit | None:
    method, _, rest = request.partition(" ")
    target = rest.split(" ", 1)[0]
    try:
        parts = urlsplit(target)
        code = int(float(status))
    except ValueError:
        return None
    if not method.isalpha() or not parts.path.startswith("/"):
        return None
    return Hit(method.upper(), parts.path, parts.query, code)


def _first(members: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(members[name]) for name in names if members.get(name) not in {None, ""}), "")

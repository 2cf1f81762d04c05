"""Where the first load is learnt from: an OpenAPI document, an access log, or paths that were named.

Owns finding and reading the source. Leaves what is in it to `openapi` and `access_log`.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO
from urllib.parse import parse_qsl, quote, urlsplit

from seatrial.errors import ConfigError, UsageError
from seatrial.init.access_log import routes_of_log
from seatrial.init.openapi import routes_of_document
from seatrial.init.probing import OK, Http
from seatrial.init.route import Found, Route, Sample
from seatrial.init.wishes import Wishes, is_here

DOCUMENT_PATHS = (
    "/openapi.json",
    "/openapi.yaml",
    "/openapi/openapi.json",
    "/api/openapi.json",
    "/apispec.json",
    "/v3/api-docs",
)


class Source(NamedTuple):
    """The routes, and what to call where they come from."""

    found: Found
    told: str


def find_source(wishes: Wishes, url: str | None, http: Http) -> Source:
    """The named source, else the document that the entry shows, else its root; named paths come first in any case.

    `url` is where the entry answers, or None when nobody may ask there. Raises UsageError and ConfigError.
    """
    named = tuple(_route(path) for path in wishes.paths)
    if wishes.access_log:
        found, told = read_log(Path(wishes.access_log)), f"the access log {wishes.access_log}"
    elif wishes.openapi:
        found, told = _document(wishes.openapi, url, http), f"the OpenAPI document {wishes.openapi}"
    elif named:
        return Source(Found(named), "the paths that were named")
    else:
        return _shown(url, http)
    return Source(Found((*named, *found.routes), found.left_out), told)


def read_log(file: Path) -> Found:
    """The routes of an access log, which may be compressed. Raises ConfigError."""
    try:
        with _lines(file) as lines:
            return routes_of_log(file, lines)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot be read: {reason}. Check the path and its permissions.", file=file) from error


@contextmanager
def _lines(file: Path) -> Iterator[TextIO]:
    with file.open("rb") as raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            yield text


def _document(named: str, url: str | None, http: Http) -> Found:
    """A file, a URL of this machine, or a path on the entry."""
    file = Path(named)
    if file.is_file():
        try:
            return routes_of_document(file, file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError("cannot be read as text. Give an OpenAPI document.", file=file) from error
    address = named if "://" in named else f"{url}{named}" if url and named.startswith("/") else None
    if address is None:
        raise ConfigError("does not exist. Give a file, or where the service shows its document.", file=file)
    if not is_here(address):
        raise UsageError(
            f"--openapi {named} is not on this machine, and nothing else is asked. Save it, name the file."
        )
    answer = http.get(address, {})
    if answer is None or answer.status != OK:
        said = "nobody answers" if answer is None else f"the answer is {answer.status}"
        raise UsageError(f"--openapi {named}: {said} at {address}. Correct the address, or give a file.")
    return routes_of_document(Path(urlsplit(address).path), answer.text)


def _shown(url: str | None, http: Http) -> Source:
    for path in DOCUMENT_PATHS if url else ():
        answer = http.get(f"{url}{path}", {})
        if answer is None:
            break
        if answer.status == OK:
            try:
                return Source(routes_of_document(Path(path), answer.text), f"the OpenAPI document at {path}")
            except ConfigError:  # some answer every path with a page
                continue
    return Source(Found((_route("/"),)), "the root alone: no document and no access log was named")


def _route(target: str) -> Route:
    """What was typed is a path: braces in it are none of a template, and what no URL may hold is quoted."""
    parts = urlsplit(target)
    return Route(
        quote(parts.path, safe="/%!$&'()*+,;=:@~") or "/",
        (Sample({}, dict(parse_qsl(parts.query, keep_blank_values=True))),),
    )

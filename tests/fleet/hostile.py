"""Bad requests as data: each attack makes requests from an operation's good one, and says what the answer must be.

What needs a real socket (framing, half-sent requests) is e2e's part.
"""

from __future__ import annotations

import gzip
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from documented import FORM, JSON, METHODS, Operation, Sent

LIMIT = 1 << 20
DEEP = 100_000
Making = Callable[[Operation, Sent], Iterator[Sent]]


@dataclass(frozen=True)
class Attack:
    """`must`: the only right statuses; none: whatever the operation documents. `also`: right beside those documented."""

    name: str
    make: Making
    must: frozenset[int] = frozenset()
    also: frozenset[int] = frozenset()


ATTACKS: list[Attack] = []


def attack(*must: int, also: tuple[int, ...] = ()) -> Callable[[Making], Making]:
    """The function under its own name, with spaces, as an attack."""

    def add(make: Making) -> Making:
        ATTACKS.append(Attack(make.__name__.replace("_", " "), make, frozenset(must), frozenset(also)))
        return make

    return add


def bodies(*made: bytes) -> Making:
    """The same bodies to every operation that takes JSON."""

    def make(operation: Operation, good: Sent) -> Iterator[Sent]:
        if operation.media_type == JSON:
            yield from (good.but(body=body) for body in made)

    return make


def add_bodies(name: str, status: int, *made: bytes) -> None:
    ATTACKS.append(Attack(name, bodies(*made), frozenset({status})))


def replaced(document: Any, member: str, text: str) -> bytes:
    """The document with a member's value as this very text."""
    mark = "\x01here\x01"
    return json.dumps({**document, member: mark}).replace(json.dumps(mark), text).encode("utf-8", "surrogatepass")


def each_member(*texts: str) -> Making:
    """Each member of the good body, its value replaced by each of these JSON texts."""

    def make(operation: Operation, good: Sent) -> Iterator[Sent]:
        document = operation.document()
        if operation.media_type == JSON and isinstance(document, dict):
            yield from (good.but(body=replaced(document, name, text)) for name in document for text in texts)

    return make


# Bodies

add_bodies(
    "broken JSON",
    400,
    *(b"", b"{", b'{"a":', b"nul", b"{'a': 1}", b"[1,]", b"{}{}", b'{"a" 1}', b'"\x01"', b'"\\x41"', b"\xef\xbb\xbf{}"),
)
add_bodies("not UTF-8", 400, b'{"a": "\xff"}', b'{"a": "\xc0\xaf"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xe2\x82"}')
add_bodies("another UTF", 400, *('{"a": 1}'.encode(coding) for coding in ("utf-16", "utf-16-le", "utf-32")))
add_bodies("deep nesting", 400, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"[" * LIMIT)
add_bodies("another type", 422, b"null", b"true", b"1", b"1.5", b'"text"', b"[]", b'"{}"', b'[{"a": 1}]')
ATTACKS += [
    Attack("not a number", each_member("NaN", "Infinity", "-Infinity", '{"a": NaN}'), frozenset({400})),
    Attack("a number too large", each_member("1e400", str(2**63), "9" * 5000, "-1e999"), frozenset({400})),
    Attack("deep nesting within", each_member("[" * DEEP + "]" * DEEP), frozenset({400})),
    Attack("half a surrogate pair", each_member('"\\ud800"', '"\\udc00\\ud800"'), frozenset({400})),
    Attack(
        "a member of another type", each_member("null", "true", "1", "-1", "1.5", '"1"', "[]", "{}", '[["a"]]', "0")
    ),
    Attack("edges of numbers", each_member(str(2**63 - 1), str(-(2**63)), "-0", "0.1e1", "1E0", "1e-400")),
]


@attack(400)
def a_key_twice(operation: Operation, good: Sent) -> Iterator[Sent]:
    document = operation.document()
    if operation.media_type == JSON and document:
        text, name = json.dumps(document), next(iter(document))
        yield good.but(body=f"{text[:-1]}, {json.dumps(name)}: 1}}".encode())
        yield good.but(body=f'{{"a": 1, "\\u0061": 2, {text[1:]}'.encode())


@attack(422)
def a_member_nobody_knows(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == JSON:
        for name in ("__proto__", "unknown", "", "\x00", "\N{RIGHT-TO-LEFT OVERRIDE}", "e" * 10_000):
            yield good.but(body=json.dumps({**operation.document(), name: 1}).encode())


@attack(413)
def a_byte_too_many(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == JSON:
        yield good.but(body=good.body.ljust(LIMIT + 1))
        yield good.but(body=b"\x00" * (LIMIT + 1))
        yield good.but(body=b"[" * (2 * LIMIT))


TEXTS = (
    "\x00",
    "a\x00b",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH NO-BREAK SPACE}a",
    "e" + "\N{COMBINING ACUTE ACCENT}" * 5000,
    "a" * 100_000,
    "\N{FULLWIDTH LATIN SMALL LETTER A}dmin",
    "\N{CYRILLIC SMALL LETTER A}dmin",
    "\N{LATIN SMALL LIGATURE FFI}" * 50,
    "\uffff\ufffe\U0010ffff",
    "\u2028\u2029\u0085",
    "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}" * 64,
    "\N{LATIN SMALL LETTER DOTLESS I}\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "\N{GRINNING FACE}" * 300,
    "' OR 1=1; --",
    "../../../etc/passwd",
    "%00%ff{0}${jndi:ldap://x}",
    "",
    " ",
    "\t\r\n",
)


@attack()
def texts_full_of_tricks(operation: Operation, good: Sent) -> Iterator[Sent]:
    document = operation.document()
    for name in document or ():
        if operation.media_type == JSON:
            yield from (good.but(body=replaced(document, name, json.dumps(text))) for text in TEXTS)
            yield from (
                good.but(body=replaced(document, name, json.dumps(text, ensure_ascii=False)))
                for text in TEXTS
                if not any("\ud800" <= each <= "\udfff" for each in text)
            )
        elif operation.media_type == FORM:
            yield from (good.but(body=form({**document, name: text})) for text in TEXTS)


def form(document: Mapping[str, str]) -> bytes:
    return "&".join(f"{quote(name)}={quote(text)}" for name, text in document.items()).encode()


@attack()
def forms_that_are_none(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == FORM:
        whole = b"&".join([good.body] * 2)
        strange = (
            b"",
            b"&&&",
            b"=",
            b"%",
            b"%zz=%zz",
            b"a=%ff",
            b"\xff\xfe",
            b"{}",
            b"a=b&" * 5000,
            b"a[b]=c",
            b"a;b=c",
        )
        yield from (good.but(body=body) for body in (whole, *strange))


# Media types

MEDIA_TYPES = (
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/problem+json",
    "application/json, text/plain",
    "json",
    "*/*",
    "/",
    ";charset=utf-8",
    "x" * 4000,
)
CHARSETS = (
    "application/json;charset=utf-16",
    "application/json; charset=utf-8; charset=latin-1",
    'application/json; charset="',
    "application/json; charset=\N{LATIN SMALL LETTER U WITH DIAERESIS}tf-8",
    "application/json;;;",
    "APPLICATION/JSON",
    "application/json; q=" + "1" * 2000,
)


@attack(415)
def another_media_type(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == JSON:
        yield from (good.with_header("Content-Type", each) for each in MEDIA_TYPES)
        yield good.with_header("Content-Type")


@attack()
def a_strange_charset(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == JSON:
        yield from (good.with_header("Content-Type", each) for each in CHARSETS)
    elif operation.media_type == FORM:
        yield from (good.with_header("Content-Type", each) for each in (*MEDIA_TYPES, JSON))


@attack(415)
def a_compressed_body(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.media_type == JSON:
        packed = good.but(body=gzip.compress(good.body))
        yield from (packed.with_header("Content-Encoding", each) for each in ("gzip", "GZIP", "gzip, gzip", "x-gzip"))
        yield from (good.with_header("Content-Encoding", each) for each in ("gzip", "br", "identity, gzip", "?"))
        yield good.but(body=gzip.compress(b"0" * LIMIT * 9)).with_header("Content-Encoding", "gzip")  # a small bomb


# Headers


@attack(400)
def an_idempotency_key_that_is_none(operation: Operation, good: Sent) -> Iterator[Sent]:
    if "Idempotency-Key" in operation.parameters("header"):
        yield good.with_header("Idempotency-Key")
        for key in (
            "",
            " ",
            "a b",
            "a" * 129,
            "a" * 4000,
            "\N{LATIN SMALL LETTER E WITH ACUTE}",
            '"a"',
            "a,b",
            "../a",
            "\x7f",
        ):
            yield good.with_header("Idempotency-Key", key)


AUTHORIZATIONS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer  ",
    "Bearer a.b.c",
    "Bearer " + "a" * 8000,
    "Bearer ..",
    "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}",
    "bearer e30.e30.e30",
    "Token abc",
    "a:b",
    "\x7f",
)


@attack(401)
def an_authorization_that_is_none(operation: Operation, good: Sent) -> Iterator[Sent]:
    if operation.spec.get("security"):
        yield good.with_header("Authorization")
        yield from (good.with_header("Authorization", each) for each in AUTHORIZATIONS)
        token = dict(good.headers).get("Authorization", "")
        yield from (good.with_header("Authorization", each) for each in (f"{token}, {token}", token + "=", token[:-9]))


STRANGE = {
    "Request-Timeout-Ms": ("-1", "abc", "9" * 400, "1e9", "\N{SUPERSCRIPT TWO}", "", "1, 2"),
    "traceparent": (
        "",
        "00-0-0-00",
        "ff" * 200,
        "00-" + "0" * 32 + "-" + "0" * 16 + "-01",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ),
    "tracestate": ("a=b," * 500, "=", ""),
    "Accept": ("text/html", "*", ";;;", "a" * 4000, ""),
    "Accept-Encoding": ("gzip;q=9", "*", ""),
    "Cookie": ("a=b; " * 500, "=", '"', "session=\x7f"),
    "Host": ("evil.example", "a:b:c", "[::1", "..", "127.0.0.1:99999", "xn--", ""),
    "X-Forwarded-For": ("127.0.0.1, " * 100,),
    "X-HTTP-Method-Override": ("DELETE",),
    "Range": ("bytes=0-", "bytes=9-1", "x"),
    "If-None-Match": ("*", '"', 'W/"', "a," * 900),
    "If-Modified-Since": ("yesterday", "0"),
    "Content-Language": ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 300,),
    "X-Long": ("a" * 8000,),
}


@attack(also=(304, 400))
def strange_headers(_: Operation, good: Sent) -> Iterator[Sent]:
    for name, values in STRANGE.items():
        yield from (good.with_header(name, value) for value in values)


# Paths, queries, methods

SEGMENTS = (
    *(
        "..",
        ".",
        "%2e%2e",
        "%2E",
        "..%2f..%2fetc",
        "%2F",
        "a%2Fb",
        "a/b",
        "%00",
        "a%00",
        "%ff",
        "%C0%AF",
        "%ED%A0%80",
        "%",
    ),
    *(
        "%zz",
        "%252F",
        "%E2%80%AE",
        "%E2%80%8B",
        "x" * 4000,
        "%CC%81" * 500,
        "{id}",
        "..;",
        ";a=b",
        "a;b",
        "*",
        "~",
        "%5C",
    ),
    *("%0d%0aX-A:%20b", "'", "%20", "+", "-", "0", "null", "undefined", "NaN", "-1", "%EF%BB%BF", "%7F", "//", "me"),
)


@attack(also=(404, 405))
def ids_full_of_tricks(operation: Operation, good: Sent) -> Iterator[Sent]:
    for name in operation.parameters("path"):
        for segment in SEGMENTS:
            others = {other: "a" for other in operation.parameters("path") if other != name}
            path = operation.template.format_map({**others, name: segment})
            yield good.but(path=path)


@attack(also=(404, 405))
def paths_beside_the_route(_: Operation, good: Sent) -> Iterator[Sent]:
    yield from (
        good.but(path=path) for path in (good.path + "/", "/" + good.path, good.path + "/x/y/z", good.path + ".json")
    )
    yield from (
        good.but(path=path) for path in (good.path.upper(), "/%2e%2e" + good.path, good.path + "%00", "/*", "/x" * 900)
    )


CURSORS = ("abc", "9" * 30, "-1", "1.0", "\x00", " 1", "1_0", "\N{ARABIC-INDIC DIGIT ONE}", "NaN", "", "a" * 140)
QUERIES = (
    *(f"cursor={urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}" for text in CURSORS),
    *(
        "limit=NaN",
        "limit=-1",
        "limit=0",
        "limit=" + "9" * 4000,
        "limit=1e1",
        "limit=1&limit=2",
        "limit=",
        "limit",
        "limit[]=1",
    ),
    *(
        "cursor=%00",
        "cursor=%ff",
        "cursor=",
        "cursor=..",
        "cursor=" + "a" * 4000,
        "cursor=MA&cursor=MA",
        "cursor=%F0%9F%98%80",
    ),
    *(
        "=&&=;",
        "%zz=%zz",
        "unknown=1",
        "__proto__=1",
        "a=b&" * 900,
        "?",
        "q=%00",
        "q=%25%5F",
        "q=" + "%CC%81" * 900,
        "q=%ED%A0%80",
    ),
    *(
        "%00=1",
        "limit=%EF%BC%91",
        "limit=%D9%A1",
        "cursor=PT0&limit=1",
        "q[$gt]=",
        "q='%20OR%201=1",
        "limit=1.0",
        "limit=+1",
    ),
)


@attack()
def absurd_queries(_: Operation, good: Sent) -> Iterator[Sent]:
    yield from (good.but(query=query) for query in QUERIES)


@attack(405)
def methods_that_are_not_there(operation: Operation, good: Sent) -> Iterator[Sent]:
    there = operation.methods | ({"HEAD"} if "GET" in operation.methods else set()) | {"OPTIONS"}
    for method in (*METHODS, "HEAD", "OPTIONS", "TRACE", "BREW", "PROPFIND", "A" * 200):
        if method not in there:
            yield good.but(method=method)

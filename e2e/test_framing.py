"""What only a socket can do to a service: headers that are none, lengths that lie, requests that stop half way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import yaml
from caller import Caller
from documented import Operation, Sent, faults
from shop_stack import ROOT, ShopStack, shop_stack
from stack_runs import until
from wire import SECONDS, Wire, dial, encoded, parsed, said

SILENT_SECONDS = 0.3  # for what is expected not to come
SERVICES = yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text())["services"]
HALF_SENT = 240  # of the 256 threads that a replica may have; see benchmarks/serving.md
QUICK_SECONDS = 2.0
Making = Callable[[bytes, bytes], list[bytes]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    with shop_stack(tmp_path_factory.mktemp("framing"), POPULATE_CUSTOMERS=5, HASH_COST="cheapest") as shop:
        yield shop


@pytest.fixture(scope="module")
def caller(shop: ShopStack) -> Iterator[Caller]:
    wire = Wire({service: shop.urls(service)[0] for service in shop.services})
    yield Caller(wire.send, shop.secret("orders"), "framing", product_id=shop.identities()["products"][0])
    wire.close()


@pytest.fixture(scope="module")
def documented(shop: ShopStack, caller: Caller) -> list[Operation]:
    return [operation for service in shop.services for operation in caller.operations(service)]


@pytest.fixture(autouse=True)
def well_afterwards(shop: ShopStack, caller: Caller, documented: list[Operation]) -> Iterator[None]:
    yield
    until(lambda: all(shop.ready().values()))
    until(lambda: not any(shop.gauge("server_threads_busy").values()))
    assert [line for line in shop.lines() if line.get("http.response.status_code", 0) >= 500] == []
    assert [line for line in shop.lines() if line.get("log.level") == "error"] == []
    assert [each.name for each in documented if faults(each, caller.send(each.service, caller.good(each)))] == []


@dataclass(frozen=True)
class Trick:
    """`parts` makes from a good request's head and body what is sent; `right` is what may come back, 0 for nothing at all.

    No status in `right`: whatever the operation documents.
    """

    name: str
    parts: Making
    right: frozenset[int] = frozenset()
    hang_up: bool = False
    where: str = ""  # only for requests that have this header


TRICKS: list[Trick] = []


def trick(name: str, *right: int, hang_up: bool = False, where: str = "") -> Callable[[Making], Making]:
    def add(parts: Making) -> Making:
        TRICKS.append(Trick(name, parts, frozenset(right), hang_up, where))
        return parts

    return add


def header(head: bytes, *lines: bytes, without: bytes = b"") -> bytes:
    """The head with further header lines, perhaps without one."""
    if without:
        head = re.sub(rb"(?mi)^" + without + rb":.*\r\n", b"", head)
    return head[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def resized(*lines: bytes) -> Making:
    return lambda head, body: [header(head, *lines, without=b"content-length"), body]


def added(*lines: bytes) -> Making:
    return lambda head, body: [header(head, *lines), body]


def chunks(*coding: bytes, body: bytes | None = None) -> Making:
    def make(head: bytes, whole: bytes) -> list[bytes]:
        framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole) if body is None else body
        return [header(head, *coding, without=b"content-length"), framed]

    return make


LENGTHS = (b"-1", b"+2", b"0x2", b"2, 3", b"2.0", b"9" * 30, b"two", b"")
for length in LENGTHS:
    trick(f"length {length[:9].decode()}", 400, 413)(resized(b"Content-Length: " + length))
trick("two lengths", 400)(added(b"Content-Length: 1"))
trick("the same length twice")(lambda head, body: [header(head, b"Content-Length: %d" % len(body)), body])

CHUNKED = b"Transfer-Encoding: chunked"
trick("in chunks", 411)(chunks(CHUNKED))
trick("in chunks, and a length", 400, 411)(
    lambda head, body: [header(head, CHUNKED), b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)]
)
trick("chunked twice", 400, 411)(chunks(CHUNKED, CHUNKED))
trick("chunked, not last", 400, 411)(chunks(b"Transfer-Encoding: chunked, gzip"))
trick("another transfer coding", 400, 411)(chunks(b"Transfer-Encoding: gzip"))
trick("a transfer coding that is none", 400, 411)(chunks(b"Transfer-Encoding: xchunked"))
trick("a chunk size that is none", 400, 411)(chunks(CHUNKED, body=b"ZZ\r\n{}\r\n0\r\n\r\n"))
trick("a chunk size too large", 400, 411)(chunks(CHUNKED, body=b"f" * 18 + b"\r\n{}"))
trick("a chunk's extension without end", 400, 411)(
    chunks(CHUNKED, body=b"2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n")
)
trick("trailers", 400, 411)(chunks(CHUNKED, body=b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n"))

trick("two authorizations", 401, where="Authorization")(added(b"Authorization: Bearer a.b.c"))
trick("two keys", 400, where="Idempotency-Key")(added(b"Idempotency-Key: another"))
trick("two media types")(added(b"Content-Type: text/plain"))
trick("two hosts", 400)(added(b"Host: other.example"))
trick("no host", 400)(lambda head, body: [header(head, without=b"host"), body])
trick("a header of 600 KB", 431, 0)(added(b"X-Long: " + b"a" * 600_000))
trick("a thousand headers", 431, 0)(added(*(b"X-%d: a" % number for number in range(1000))))
trick("sixty headers")(added(*(b"X-%d: a" % number for number in range(60))))
trick("a target of 70 KB", 414)(lambda head, body: [head.replace(b" HTTP/", b"?" + b"a" * 70_000 + b" HTTP/", 1), body])
for name, line in {
    "a space before the colon": b"X-A : b",
    "a NUL in a value": b"X-A: b\x00c",
    "a bare CR": b"X-A: b\rSet-Cookie: c",
    "a folded line": b"X-A: b\r\n c",
    "a header without a name": b": b",
    "a header without a colon": b"X-A",
    "a name that is none": b"X(A): b",
}.items():
    trick(name, 400)(added(line))
trick("a header injected by a line end")(added(b"X-A: b\r\nX-Injected: c"))
trick("raw bytes in a value")(added(b"X-A: \xff\xfe\x80"))
trick("raw bytes in the target", 400, 404, 422)(
    lambda head, body: [head.replace(b" HTTP/", b"\xff\xfe HTTP/", 1), body]
)
trick("a NUL in the target", 400, 404)(lambda head, body: [head.replace(b" HTTP/", b"\x00 HTTP/", 1), body])
trick("a space in the target", 400)(lambda head, body: [head.replace(b" HTTP/", b" x HTTP/", 1), body])
trick("a fragment in the target")(lambda head, body: [head.replace(b" HTTP/", b"#x HTTP/", 1), body])
trick("the target with a scheme")(lambda head, body: [head.replace(b" /", b" http://other.example/", 1), body])
trick("a method in small letters")(
    lambda head, body: [head.split(b" ", 1)[0].lower() + b" " + head.split(b" ", 1)[1], body]
)
trick("another version", 400, 505)(lambda head, body: [head.replace(b"HTTP/1.1", b"HTTP/9.9", 1), body])
trick("HTTP/1.0")(lambda head, body: [head.replace(b"HTTP/1.1", b"HTTP/1.0", 1), body])
trick("no version", 400, 0)(lambda head, body: [head.replace(b" HTTP/1.1", b"", 1), body])
trick("HTTP/2", 400, 0)(lambda *_: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9])
trick("a TLS hello", 400, 0)(lambda *_: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20])
trick("line ends alone", 400, 0, hang_up=True)(lambda *_: [b"\r\n" * 5000])
trick("bare line feeds")(lambda head, body: [head.replace(b"\r\n", b"\n"), body])
trick("an upgrade")(
    added(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
)
trick("an upgrade to a socket", 400, 404, 405)(
    added(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
)
trick("the body after a 100")(added(b"Expect: 100-continue"))
trick("an expectation that is none")(added(b"Expect: 200-perhaps"))

trick("half a head, then the end", 0, 400, hang_up=True)(lambda head, _: [head[: len(head) // 2]])
trick("half a body, then the end", 0, 400, hang_up=True)(lambda head, body: [head, body[: len(body) // 2]])
trick("no body, then the end", 0, 400, hang_up=True)(lambda head, _: [head])
trick("half a chunk, then the end", 0, 400, 411, hang_up=True)(chunks(CHUNKED, body=b"9\r\n{}"))
trick("half a head, then silence", 0)(lambda head, _: [head[: len(head) // 2]])
trick("half a body, then silence", 0)(lambda head, body: [head, body[: len(body) // 2]])
trick("an announced body, then silence", 0)(lambda head, _: [header(head, b"Expect: 100-continue")])


def split(sent: Sent, url: str) -> tuple[bytes, bytes]:
    head, end, body = encoded(sent.with_header("Connection", "close"), urlsplit(url).netloc).partition(b"\r\n\r\n")
    return head + end, body


def wrong(operation: Operation, trick: Trick, content: bytes) -> list[str]:
    """What is wrong with what came back."""
    came = parsed(content, operation.method)
    if came is None or came.status == 100:
        return [] if 0 in trick.right else [f"no answer, but {content[:80]!r}"]
    if "Traceparent" not in came.headers:  # granian's own
        return [] if came.status in trick.right and came.status != 0 else [f"the server's own {came.status}"]
    return faults(operation, came, must=trick.right)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_gets_nowhere(shop: ShopStack, caller: Caller, documented: list[Operation], trick: Trick) -> None:
    found = []
    for operation in documented:
        url, good = shop.urls(operation.service)[0], caller.good(operation)
        if operation.media_type is None or (trick.where and trick.where not in dict(good.headers)):
            continue
        seconds = SILENT_SECONDS if 0 in trick.right and not trick.hang_up else SECONDS
        content = said(url, *trick.parts(*split(good, url)), hang_up=trick.hang_up, seconds=seconds)
        found += [f"{operation.name}: {fault}" for fault in wrong(operation, trick, content)]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_half_sent_bodies_hold_up_nobody(
    shop: ShopStack, caller: Caller, documented: list[Operation], service: str
) -> None:
    mine = [each for each in documented if each.service == service]
    url, taking = shop.urls(service)[0], next((each for each in mine if each.media_type), None)
    if taking is None:
        pytest.skip("it takes no bodies")
    with ExitStack() as stack:
        for _ in range(HALF_SENT):
            head, body = split(caller.good(taking), url)
            stack.enter_context(dial(url)).sendall(head + body[: len(body) // 2])
        until(lambda: active(shop, service) >= HALF_SENT)
        began = time.monotonic()
        answers = [caller.send(service, caller.good(each)) for each in mine]
        assert (time.monotonic() - began) / len(mine) < QUICK_SECONDS
        assert [each.name for each, came in zip(mine, answers, strict=True) if faults(each, came)] == []
    until(lambda: active(shop, service) == 0)


def active(shop: ShopStack, service: str) -> float:
    return shop.gauge("http_server_active_requests")[f"{service}-1"]


def test_what_was_cut_short_has_not_been_done(shop: ShopStack, caller: Caller, documented: list[Operation]) -> None:
    done = []
    keyed = [each for each in documented if each.media_type and each.parameters("header").get("Idempotency-Key")]
    for operation in keyed:
        url, good = shop.urls(operation.service)[0], caller.good(operation)
        head, body = split(good, url)
        # The document is whole, and still some of what was declared is missing.
        longer = re.sub(rb"(?i)(content-length: )\d+", rb"\g<1>%d" % (len(body) + 1), head)
        said(url, longer, body, hang_up=True)
        came = caller.send(operation.service, good)
        done += [operation.name] if "Idempotent-Replayed" in came.headers else []
    assert keyed
    assert done == []

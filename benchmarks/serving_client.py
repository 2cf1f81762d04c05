"""The client of serving.py: half-sent requests, and as a process of its own callers that ask for one product in a closed loop or at a fixed rate.

`python -m benchmarks.serving_client '{"port": 8001}'`, the plan as JSON; what came of it is one JSON document.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

HOST = "127.0.0.1"
PRODUCT = "/v1/products/prod-00001"
GET = f"GET {PRODUCT} HTTP/1.1\r\nHost: shop\r\n"
JSON_BODY = 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text": "'
HALVES = {
    "half a header": f"{GET}X-Half: ",
    "half a body, unread": f"{GET}{JSON_BODY}",
    "half a body, read": f"POST /v1/notes HTTP/1.1\r\nHost: shop\r\n{JSON_BODY}",
}


@dataclass
class Plan:
    """What the client does; `rate` 0 is a closed loop, else requests/s with latency from the intended start."""

    port: int
    seconds: float = 5.0
    connections: int = 8
    rate: float = 0.0
    fresh: bool = False  # a connection per request
    timeout: float = 2.0


@dataclass
class Seen:
    """By one caller."""

    ok: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Cut(Exception):
    """The server closed the connection before the end of its answer."""


def exchange(connection: socket.socket, request: bytes) -> bool:
    """Whether the connection may be used again."""
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += (part := connection.recv(65536))
        if not part:
            raise Cut("in the answer" if received else "unanswered")
    head, _, body = received.partition(b"\r\n\r\n")
    head = head.lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += (part := connection.recv(65536))
        if not part:
            raise Cut("in the answer")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise SystemExit(f"not 200: {received[:200]!r}")
    return b"connection: close" not in head


def call(index: int, plan: Plan, began: float, seen: Seen) -> None:
    """One caller, until its time is over or nobody listens any more."""
    request = f"{GET}{'Connection: close' if plan.fresh else 'Accept: */*'}\r\n\r\n".encode()
    connection: socket.socket | None = None
    for number in range(sys.maxsize):
        intended = began + (index + number * plan.connections) / plan.rate if plan.rate else time.monotonic()
        if intended >= began + plan.seconds:
            return
        if plan.rate:
            time.sleep(max(0.0, intended - time.monotonic()))
        kind = "kept" if connection else "new"
        try:
            connection = connection or socket.create_connection((HOST, plan.port), plan.timeout)
            keep = exchange(connection, request)
        except ConnectionRefusedError:
            return
        except (OSError, Cut) as error:
            seen.failed[f"{type(error).__name__} {error if isinstance(error, Cut) else ''} on a {kind} one"] += 1
            keep = False
        else:
            seen.ok += 1
        seen.latencies.append(time.monotonic() - intended)
        if connection and (plan.fresh or not keep):
            connection.close()
            connection = None


@contextlib.contextmanager
def half_sent(port: int, what: str, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        halves = [stack.enter_context(socket.create_connection((HOST, port), 5)) for _ in range(count)]
        for half in halves:
            half.sendall(what.encode())
        time.sleep(0.5)
        yield halves


def drive(plan: Plan) -> None:
    """All callers, and what they saw, as one JSON document on standard output."""
    each, began = [Seen() for _ in range(plan.connections)], time.monotonic() + 0.05
    callers = [threading.Thread(target=call, args=(n, plan, began, seen)) for n, seen in enumerate(each)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    latencies = sorted(latency for seen in each for latency in seen.latencies)
    failed = sum((seen.failed for seen in each), Counter[str]())
    p99 = latencies[math.ceil(len(latencies) * 0.99) - 1] if latencies else math.nan
    print(json.dumps({"ok": sum(seen.ok for seen in each), "failed": failed, "p99": p99}))


if __name__ == "__main__":
    drive(Plan(**json.loads(sys.argv[1])))

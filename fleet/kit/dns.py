"""Discovery by DNS: the name of a service leads to the addresses of its replicas, as Docker's network names and Kubernetes' headless ones do.

Owns looking up and how long an answer holds. What such a name leads to is its server's matter: Docker's leave out a
replica as soon as it has ended, not while it drains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import Protocol

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

# Docker says that its answers hold for 600 s, and takes a replica out of them at once: what they say of their time is not heeded.
FRESH_SECONDS = 0.5
LOOKUP_SECONDS = 1.0
# Callers that find a door closed doubt what they know: asked then, Docker's server answers within a millisecond or two.
DOUBTED_SECONDS = 0.02


class Lookup(Protocol):
    """Asks for the addresses of a name."""

    def __call__(self, name: str) -> Sequence[str] | None:
        """Empty when there is no such name, None when nobody answered; returns within a bounded time."""


def look_up(name: str) -> Sequence[str] | None:
    """Ask the machine's own resolvers for IPv4 addresses."""
    try:
        answer = _resolver().resolve(name, "A", lifetime=LOOKUP_SECONDS, search=True)
    except (NXDOMAIN, NoAnswer):
        return ()
    except DNSException:
        return None
    return [record.to_text() for record in answer]


def _resolver() -> Resolver:
    """Made anew each time: it reads a small file, and follows when that changes."""
    return Resolver()


@dataclass(frozen=True, slots=True)
class _Known:
    addresses: Sequence[str]
    at: float


class DnsDiscovery:
    """All replicas listen at `port`. A call waits for an answer when it is the first for a name, or the last answer has been
    doubted; other calls have it looked up anew beside them when it is older than FRESH_SECONDS. Without an answer the
    last one stays in force.
    """

    def __init__(self, port: int, lookup: Lookup = look_up, clock: Callable[[], float] = monotonic) -> None:
        self._port = port
        self._lookup = lookup
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, Lock] = {}
        self._doubted: set[str] = set()

    def addresses(self, service: str) -> Sequence[str]:
        """`host:port` of each replica, in order; empty when there is none."""
        known = self._known.get(service)
        asking = self._asking.setdefault(service, Lock())
        if known is None or service in self._doubted:
            with asking:
                self._ask_if_needed(service)
        elif self._clock() - known.at > FRESH_SECONDS and asking.acquire(blocking=False):
            self._begin(service, asking)
        return self._known[service].addresses

    def doubt(self, service: str) -> None:
        """The next call asks again before it answers, unless that has just been done."""
        known = self._known.get(service)
        if known is not None and self._clock() - known.at > DOUBTED_SECONDS:
            self._doubted.add(service)

    def _ask_if_needed(self, service: str) -> None:
        """Once for all that have waited for the same."""
        if service not in self._known or service in self._doubted:
            self._doubted.discard(service)
            self._ask(service)

    def _begin(self, service: str, asking: Lock) -> None:
        try:
            Thread(target=self._ask_beside, args=(service, asking), name="discovery", daemon=True).start()
        except RuntimeError:  # no thread is to be had: the last answer stays, and the next call tries again
            asking.release()

    def _ask_beside(self, service: str, asking: Lock) -> None:
        try:
            self._ask(service)
        finally:
            asking.release()

    def _ask(self, service: str) -> None:
        found = self._lookup(service)
        if found is None:
            known = self._known.get(service)
            addresses: Sequence[str] = known.addresses if known else []
        else:  # sorted, since servers turn the order round and a change of it is none
            addresses = [f"{each}:{self._port}" for each in sorted(found)]
        self._known[service] = _Known(addresses, self._clock())

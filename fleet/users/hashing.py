"""Password hashes: argon2id at a named cost, and no more of them at once than memory allows.

Owns the costs, the bound and the hash that nothing matches. Leaves which passwords may be had to `passwords`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Literal

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from fleet.kit.errors import ProblemError

CostName = Literal["cheapest", "owasp", "rfc9106"]
# KiB of memory, passes, lanes. cheapest protects nothing: for shops whose passwords are made up by a program.
# owasp is the Password Storage Cheat Sheet's first choice, rfc9106 the RFC's second, for little memory.
COSTS: Mapping[CostName, tuple[int, int, int]] = {
    "cheapest": (8, 1, 1),
    "owasp": (19 * 1024, 2, 1),
    "rfc9106": (64 * 1024, 3, 4),
}
SALT_BYTES, TAG_BYTES = 16, 32


class TooManyHashes(ProblemError):
    """As many as may be are hashed and wait already; nothing was done."""

    status, slug, title = 503, "too-many-logins", "Too many logins at once"

    def __init__(self) -> None:
        super().__init__("Too many passwords are being looked at; try again.", headers={"Retry-After": "1"})


class Passwords:
    """Hashes and verifies; safe to share between threads.

    Args:
        cost: a name of `COSTS`.
        at_once: hashes under way at the same time; each takes its cost's memory.
        waiting: callers that may wait for their turn; the next one is refused at once.
        wait_seconds: after which a waiting one is refused.
        hasher: in place of the one that the cost means (tests).
    """

    def __init__(
        self,
        cost: CostName,
        *,
        at_once: int,
        waiting: int,
        wait_seconds: float,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        memory, passes, lanes = COSTS[cost]
        self._argon2 = hasher or argon2.PasswordHasher(passes, memory, lanes, TAG_BYTES, SALT_BYTES)
        self._turn = BoundedSemaphore(at_once)
        self._lock = Lock()
        self._room = at_once + waiting
        self._wait_seconds = wait_seconds
        self.nobody = _unmatched(memory, passes, lanes)

    def hash(self, password: str) -> str:
        """The encoded hash, salt and cost in it.

        Raises:
            TooManyHashes: too many are waiting.
        """
        with self._admitted():
            return self._argon2.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `stored` is this password's; None, for nobody's, takes as long and is never true.

        Raises:
            TooManyHashes: too many are waiting.
        """
        with self._admitted():
            try:
                return self._argon2.verify(stored or self.nobody, password)
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost than the one set now."""
        return self._argon2.check_needs_rehash(stored)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        with self._lock:
            if not self._room:
                raise TooManyHashes
            self._room -= 1
        try:
            if not self._turn.acquire(timeout=self._wait_seconds):
                raise TooManyHashes
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._lock:
                self._room += 1


def _unmatched(memory: int, passes: int, lanes: int) -> str:
    """A hash of the same cost that no password has: its tag is drawn, not computed."""
    salt, tag = (_encoded(secrets.token_bytes(size)) for size in (SALT_BYTES, TAG_BYTES))
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode("ascii")

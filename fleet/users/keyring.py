"""Which of the signing keys are published, which one signs, and whether the next one is due: a function of the rows and the time.

Rotation by publish-before-sign: a key is published `publish_seconds` before it signs, so that every verifier has it by
then, and stays published until the last token that it signed has expired. Leaves storing and signing to others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GRACE_SECONDS = 60.0  # between choosing a key and the token's `iat`, and for clocks of replicas that differ


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A stored key. Its times are settled when it is made, so that other settings later do not move them.

    `signs_from` is epoch seconds, `token_seconds` the longest life of a token that was allowed then.
    """

    kid: str
    algorithm: str
    signs_from: float
    token_seconds: float


@dataclass(frozen=True, slots=True)
class Rotation:
    """How keys follow one another; the time from one's first signature to the next one's is `rotate_seconds`."""

    algorithm: str
    rotate_seconds: float
    publish_seconds: float
    token_seconds: float

    def next_row(self, kid: str, keyring: Keyring, now: float) -> KeyRow:
        """A key made now: the first one signs at once, since no verifier holds others; a later one when all have it."""
        signs_from = now + self.publish_seconds if keyring.published else now
        return KeyRow(kid, self.algorithm, signs_from, self.token_seconds)


@dataclass(frozen=True, slots=True)
class Keyring:
    """`signer` is None only where there is no key at all; `due` asks for another key to be made."""

    published: tuple[KeyRow, ...]
    signer: KeyRow | None
    due: bool


def keyring(rows: Iterable[KeyRow], now: float, rotation: Rotation) -> Keyring:
    """What holds at `now`. Rows that are not published any more may be deleted."""
    ordered = sorted(rows, key=lambda row: (row.signs_from, row.kid))
    if not ordered:
        return Keyring((), None, due=True)
    started = [row for row in ordered if row.signs_from <= now]
    # A clock that was set back must not leave the shop without a signer.
    signer = started[-1] if started else ordered[0]
    ends = [row.signs_from for row in ordered[1:]] + [float("inf")]
    published = tuple(row for row, end in zip(ordered, ends, strict=True) if now < end + _outlives(row, rotation))
    return Keyring(published, signer, _is_due(ordered[-1], now, rotation))


def _outlives(row: KeyRow, rotation: Rotation) -> float:
    return max(row.token_seconds, rotation.token_seconds) + GRACE_SECONDS


def _is_due(newest: KeyRow, now: float, rotation: Rotation) -> bool:
    """The next key is made as long before its first signature as it must be published before; one at a time."""
    if now < newest.signs_from:
        return False
    left = newest.signs_from + rotation.rotate_seconds - now
    return newest.algorithm != rotation.algorithm or left <= rotation.publish_seconds

"""The signing keys in the store, shared by the replicas: who signs now, what is published, and the next one made in time.

Which key is what when is the pure part, `keyring`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from fleet.kit.database import Database
from fleet.kit.keys import Keys, usable_keys
from fleet.kit.tokens import KeyPair, jwks
from fleet.users.keyring import Keyring, KeyRow, Rotation, keyring
from fleet.users.store import KEYS


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """What the keyring says now, with the private halves."""

    published: tuple[KeyPair, ...]
    signer: KeyPair


class SigningKeys:
    """The keys in the store, shared by the replicas: who signs now, and what is published.

    Also a `KeySource`: this service verifies its own tokens against its own store.

    Args:
        clock: epoch seconds.
    """

    def __init__(self, database: Database, rotation: Rotation, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._rotation = rotation
        self._clock = clock
        self._usable: tuple[tuple[str, ...], Keys] = ((), {})

    def signer(self) -> KeyPair:
        """The pair that signs now."""
        return self._held().signer

    def document(self) -> dict[str, Any]:
        """The JWKS document of what is published now."""
        return jwks(*self._held().published)

    def keys(self) -> Keys:
        """What tokens are verified by; another mapping only when the keys are others."""
        published = self._held().published
        kids = tuple(pair.kid for pair in published)
        if kids != self._usable[0]:
            self._usable = (kids, usable_keys(jwks(*published)))
        return self._usable[1]

    def missing(self, kid: str) -> Keys:  # noqa: ARG002 - the store has just been asked
        """What `keys` gives: it is never behind the store."""
        return self.keys()

    def _held(self) -> HeldKeys:
        now = self._clock()
        with self._database.read() as connection:
            rows = _key_rows(connection)
        found = keyring(rows, now, self._rotation)
        return self._renewed(now) if found.due else _hold(found, rows)

    def _renewed(self, now: float) -> HeldKeys:
        """With the next key, made by whichever replica writes first; keys that nobody needs any more go."""
        pair = KeyPair.generate(self._rotation.algorithm)  # before the transaction: RSA takes its time
        with self._database.write() as connection:
            rows = _key_rows(connection)
            found = keyring(rows, now, self._rotation)
            if found.due:
                made = self._rotation.next_row(pair.kid, found, now)
                rows = {kept: rows[kept] for kept in found.published} | {made: pair.to_pem()}
                connection.execute(delete(KEYS))
                connection.execute(insert(KEYS), [asdict(row) | {"private_key": pem} for row, pem in rows.items()])
        return _hold(keyring(rows, now, self._rotation), rows)


def _key_rows(connection: Connection) -> dict[KeyRow, str]:
    """Each key with its private half."""
    found = connection.execute(select(KEYS))
    return {KeyRow(row.kid, row.algorithm, row.signs_from, row.token_seconds): row.private_key for row in found}


def _hold(found: Keyring, rows: Mapping[KeyRow, str]) -> HeldKeys:
    assert found.signer is not None  # noqa: S101 - there is a key: `_renewed` makes the first one
    pairs = {row: _pair(row.kid, rows[row]) for row in found.published}
    return HeldKeys(tuple(pairs.values()), pairs[found.signer])


@lru_cache(maxsize=64)
def _pair(kid: str, pem: str) -> KeyPair:
    return KeyPair.from_pem(kid, pem)

"""The keys that verify tokens: read from a JWKS document (RFC 7517), fetched over HTTP, kept while their owner is away.

What a token must be is the matter of `tokens`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from fleet.kit import base64url
from fleet.kit.client import ServiceClient
from fleet.kit.errors import UnexpectedAnswer
from fleet.kit.renewal import Lease, Renewed

JWKS_PATH = "/.well-known/jwks.json"
FETCH_SECONDS = 2.0  # a whole fetch, retries included
RSA_BITS = range(2048, 4097)  # less is too weak (RFC 7518, section 3.3), more makes verifying a burden
_RSA_EXPONENTS = range(3, 1 << 32)
_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})", re.ASCII)
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

PublicKey = Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key and the one algorithm that it is for."""

    kid: str
    algorithm: str
    public: PublicKey


Keys = Mapping[str, VerifyingKey]  # by `kid`; replaced when it changes, never changed, so its identity tells


class KeySource(Protocol):
    """Knows the keys that are in force."""

    def keys(self) -> Keys:
        """The keys in force; a ClientError when they were never to be had."""

    def missing(self, kid: str) -> Keys:
        """The keys in force once more, for a token whose `kid` is not among them."""


class StaticKeys:
    """The keys of a document that does not change."""

    def __init__(self, document: object) -> None:
        self._keys = usable_keys(document)

    def keys(self) -> Keys:
        """The document's."""
        return self._keys

    def missing(self, kid: str) -> Keys:  # noqa: ARG002 - the protocol's
        """The same."""
        return self._keys


class HttpKeys:
    """The keys at the service behind `client`: fetched for the first token, then every `max_age` seconds, or as often
    as their owner asks for. While that service is away, the last good keys stay in force.
    """

    def __init__(
        self, client: ServiceClient, max_age: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._max_age = max_age
        self._document: object = None
        self._keys: Keys = {}
        self._renewed = Renewed(self._fetch, patience=FETCH_SECONDS, clock=clock)

    def keys(self) -> Keys:
        """The keys in force; waits for the first ones alone.

        Raises:
            Unavailable: there are none yet, and none can be had.
        """
        return self._renewed.value()

    def missing(self, kid: str) -> Keys:  # noqa: ARG002 - the whole document is asked for
        """The keys fetched anew, at most once a second however many strange tokens come."""
        return self._renewed.again()

    def _fetch(self) -> Lease[Keys]:
        answer = self._client.get(JWKS_PATH, timeout=FETCH_SECONDS).expect(200)
        document = answer.json()
        if not is_jwks(document):
            raise UnexpectedAnswer(f"{self._client.callee} answered without a JWKS.", callee=self._client.callee)
        if document != self._document:
            self._document, self._keys = document, usable_keys(document)
        return Lease(self._keys, min(self._max_age, freshness(answer.headers)))


def freshness(headers: Mapping[str, str]) -> float:
    """Seconds for which an answer may be kept (RFC 9111, section 5.2.2.1); endless when it does not say."""
    found = _MAX_AGE.search(headers.get("Cache-Control", "").lower())
    return float(found[1]) if found else inf


def is_jwks(document: object) -> bool:
    """Whether the document is a set of keys, usable or not."""
    return isinstance(document, dict) and isinstance(document.get("keys"), list)


def usable_keys(document: object) -> Keys:
    """The keys of a JWKS document that may verify access tokens; others are passed over (RFC 7517, section 5)."""
    entries = document["keys"] if isinstance(document, dict) and is_jwks(document) else []
    keys = [key for entry in entries if isinstance(entry, dict) and (key := _key(entry)) is not None]
    return {key.kid: key for key in keys}


def _key(entry: dict[str, Any]) -> VerifyingKey | None:
    operations = entry.get("key_ops", ["verify"])
    fits = (
        isinstance(entry.get("kid"), str)
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and not _PRIVATE & entry.keys()  # a private key has no place in a published document
    )
    try:
        found = _public_key(entry) if fits else None
    except ValueError:
        return None
    return VerifyingKey(entry["kid"], *found) if found else None


def _public_key(entry: dict[str, Any]) -> tuple[str, PublicKey] | None:
    """The algorithm and the key; ValueError when the numbers are none of a key."""
    match entry:
        case {"kty": "OKP", "crv": "Ed25519"} if entry.get("alg", "EdDSA") == "EdDSA":
            return "EdDSA", Ed25519PublicKey.from_public_bytes(base64url.decode(str(entry.get("x"))))
        case {"kty": "RSA"} if entry.get("alg", "RS256") == "RS256":
            modulus, exponent = _number(entry.get("n")), _number(entry.get("e"))
            if modulus.bit_length() in RSA_BITS and modulus % 2 and exponent in _RSA_EXPONENTS:
                return "RS256", RSAPublicNumbers(exponent, modulus).public_key()
    return None


def _number(text: object) -> int:
    """RFC 7518, section 2: big-endian, in as few octets as it takes."""
    raw = base64url.decode(str(text))
    if raw[0] == 0:
        raise ValueError("a number with a leading zero")
    return int.from_bytes(raw, "big")

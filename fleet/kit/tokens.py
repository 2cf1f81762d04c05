"""Access tokens: key pairs that sign, a JWKS file that publishes, a verifier that refuses whatever is not exact.

Owns RFC 9068 access tokens signed with Ed25519 (`alg: EdDSA`). Leaves the HTTP side to `auth`.
PyJWT by itself ignores `typ`, `use`, `key_ops` and accepts base64 that is not canonical: the checks here come first.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.kit.errors import KitError

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
ISSUER = "seatrial-shop"
AUDIENCE = "seatrial-shop"
REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti"]
MAX_TOKEN_BYTES = 4096
LOOK_SECONDS = 0.5  # at most this often is the JWKS file looked at, whatever tokens say
LATEST = 253_402_300_799  # the year 9999: beyond it, arithmetic on times overflows
REMEMBERED = 4096  # verified tokens; verifying one costs 0.2 ms, and each hop of a journey verifies the same one

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SUBJECT = re.compile(r"[!-~]{1,255}", re.ASCII)


class InvalidToken(KitError):
    """The token is refused; the message says why in words that may be shown to the caller."""


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: who it speaks for, until when (epoch seconds), and its text for calls onward."""

    subject: str
    expires: float
    text: str


@dataclass(frozen=True)
class KeyPair:
    """An Ed25519 pair; `kid` names it in tokens and in the JWKS."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> KeyPair:
        """A new pair with a random `kid`."""
        return cls(secrets.token_hex(8), Ed25519PrivateKey.generate())

    def jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 8037)."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": _encode(raw), "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    def issue(self, subject: str, *, life_seconds: float, now: float | None = None, **claims: object) -> str:
        """A signed token for `subject`; `claims` overrides or adds, `now` is epoch seconds."""
        issued = int(time.time() if now is None else now)
        payload: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": issued,
            "exp": int(issued + life_seconds),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(payload | claims, self.private, ALGORITHM, headers={"typ": TYPE, "kid": self.kid})


def jwks(*pairs: KeyPair) -> dict[str, list[dict[str, str]]]:
    """The JWKS document of these pairs: public halves only."""
    return {"keys": [pair.jwk() for pair in pairs]}


class JwksFile:
    """The keys of a JWKS file, read again when the file changed; looked at no oftener than `LOOK_SECONDS`.

    A file that is absent or broken holds no key: services may start before the keys are published.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = Lock()
        self._looked = float("-inf")
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str, Ed25519PublicKey] = {}

    def keys(self) -> Mapping[str, Ed25519PublicKey]:
        """Usable keys by `kid`; the mapping is replaced, never changed, so its identity tells a new generation."""
        if self._clock() - self._looked >= LOOK_SECONDS:
            with self._lock:
                self._look()
        return self._keys

    def _look(self) -> None:
        if self._clock() - self._looked < LOOK_SECONDS:
            return
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._keys = usable_keys(json.loads(self._path.read_bytes()))
                self._stamp = stamp
        except (OSError, ValueError):
            self._keys, self._stamp = {}, None
        # Last: until then other threads wait at the lock for these keys instead of going on with the former ones.
        self._looked = self._clock()


def usable_keys(document: object) -> dict[str, Ed25519PublicKey]:
    """The keys of a JWKS document that may verify access tokens; others are passed over (RFC 7517, section 5)."""
    found = document.get("keys") if isinstance(document, dict) else None
    entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    keys = {entry.get("kid"): _public_key(entry) for entry in entries}
    return {kid: key for kid, key in keys.items() if isinstance(kid, str) and key is not None}


def _public_key(entry: dict[str, Any]) -> Ed25519PublicKey | None:
    operations = entry.get("key_ops", ["verify"])
    fits = (
        (entry.get("kty"), entry.get("crv"), entry.get("alg", ALGORITHM)) == ("OKP", "Ed25519", ALGORITHM)
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in entry  # a private key has no place in a published file
    )
    try:
        return Ed25519PublicKey.from_public_bytes(_decode(str(entry.get("x")))) if fits else None
    except (InvalidToken, ValueError):
        return None


class Verifier:
    """Verifies tokens against a JWKS file and remembers the ones that passed until they expire or the keys change."""

    def __init__(
        self,
        file: JwksFile,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._generation: tuple[Mapping[str, Ed25519PublicKey], dict[str, Token]] = ({}, {})

    def verify(self, text: str) -> Token:
        """The token that `text` is.

        Raises:
            InvalidToken: anything about it is not exactly right.
        """
        keys = self._file.keys()
        verified_by, known = self._generation
        if keys is not verified_by or len(known) >= REMEMBERED:
            known = {}
            self._generation = (keys, known)
        token = known.get(text)
        if token is None:
            token = known[text] = self._verify(text, keys)
        if token.expires <= self._clock():
            raise InvalidToken("The token has expired.")
        return token

    def _verify(self, text: str, keys: Mapping[str, Ed25519PublicKey]) -> Token:
        header, payload = _opened(text)
        key = keys.get(_kid(header))
        if key is None:
            raise InvalidToken("The token's key is not known.")
        _refuse_doubles(payload)
        try:
            claims = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": REQUIRED, "strict_aud": True, "enforce_minimum_key_length": True},
            )
        except (jwt.PyJWTError, OverflowError) as error:
            raise InvalidToken(f"The token is not valid: {error}.") from error
        return _token(claims, text)


def _opened(text: str) -> tuple[dict[str, Any], bytes]:
    """Header and payload of a compact JWS whose three segments are strict base64url."""
    if len(text) > MAX_TOKEN_BYTES:
        raise InvalidToken(f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
    segments = text.split(".")
    if len(segments) != 3:  # noqa: PLR2004 - RFC 7515, section 7.1: header, payload, signature
        raise InvalidToken("The token is not a signed JWT.")
    header, payload, _ = (_decode(segment) for segment in segments)
    return _refuse_doubles(header), payload


def _kid(header: dict[str, Any]) -> str:
    """The key's name, from a header that holds what ours hold and nothing else (no `crit`, `jwk`, `jku`, `x5u`)."""
    if set(header) != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM or header["typ"] != TYPE:
        raise InvalidToken(f"The token's header must be alg {ALGORITHM}, typ {TYPE} and a kid.")
    if not isinstance(header["kid"], str):
        raise InvalidToken("The token's kid is not a string.")
    return header["kid"]


def _token(claims: Mapping[str, Any], text: str) -> Token:
    if not _SUBJECT.fullmatch(claims["sub"]):
        raise InvalidToken("The token's subject is empty, too long or not printable.")
    if not claims["jti"]:
        raise InvalidToken("The token's jti is empty.")
    if not isinstance(claims["exp"], int) or claims["exp"] > LATEST:
        raise InvalidToken("The token's exp is not a time.")
    return Token(claims["sub"], float(claims["exp"]), text)


def _refuse_doubles(document: bytes) -> dict[str, Any]:
    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) != len(members):
            raise InvalidToken("The token repeats a member.")
        return dict(members)

    try:
        parsed = json.loads(document, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise InvalidToken("The token is not JSON inside.") from error
    if not isinstance(parsed, dict):
        raise InvalidToken("The token is not a JSON object inside.")
    return parsed


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(segment: str) -> bytes:
    """The bytes of strict base64url: no padding, no other alphabet, no stray bits (RFC 7515, appendix C)."""
    if not _SEGMENT.fullmatch(segment):
        raise InvalidToken("The token is not base64url.")
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise InvalidToken("The token is not base64url.") from error
    if _encode(raw) != segment:
        raise InvalidToken("The token's base64url is not canonical.")
    return raw

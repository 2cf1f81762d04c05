"""Access tokens: key pairs that sign them, and a verifier that refuses whatever is not exact.

Owns RFC 9068 tokens signed with Ed25519 (`alg: EdDSA`) or RSA (`RS256`). Leaves the keys' ways to `keys`, HTTP to `auth`.
PyJWT by itself ignores `typ` and accepts base64 that is not canonical and members given twice: the checks here come first.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fleet.kit import base64url, strict_json
from fleet.kit.errors import KitError
from fleet.kit.keys import RSA_BITS, Keys, KeySource, PublicKey, VerifyingKey

EDDSA, RS256 = "EdDSA", "RS256"
TYPE = "at+jwt"
ISSUER = "seatrial-shop"
REQUIRED = ("iss", "aud", "exp", "iat", "sub", "jti", "client_id", "scope")
MAX_TOKEN_BYTES = 4096
LATEST = 253_402_300_799  # the year 9999: beyond it, arithmetic on times overflows
SKEW_SECONDS = 60  # by which the clocks of two hosts may differ; only towards the future, an expiry is an expiry
REMEMBERED = 4096  # verified tokens; verifying one costs 0.1 ms, and each hop of a journey verifies the same one

_NAME = re.compile(r"[!-~]{1,255}", re.ASCII)
_SCOPE = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*", re.ASCII)  # RFC 6749, section 3.3
_SEGMENTS = 3  # RFC 7515, section 7.1: header, payload, signature
_JWS = jwt.PyJWS([EDDSA, RS256])

PrivateKey = Ed25519PrivateKey | rsa.RSAPrivateKey


class InvalidToken(KitError):
    """The token is refused; the message says why in words that may be shown to the caller."""


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: whom it speaks for, who got it, what it allows, until when (epoch seconds), and its text for calls onward."""

    subject: str
    client_id: str
    scopes: frozenset[str]
    expires: float
    text: str


@dataclass(frozen=True)
class KeyPair:
    """A pair that signs; `kid` names it in tokens and in the JWKS."""

    kid: str
    private: PrivateKey

    @classmethod
    def generate(cls, algorithm: str = EDDSA) -> KeyPair:
        """A new pair with a random `kid`."""
        kid = secrets.token_hex(8)
        if algorithm == RS256:
            return cls(kid, rsa.generate_private_key(65537, RSA_BITS.start))
        if algorithm != EDDSA:
            raise ValueError(f"{algorithm} is neither {EDDSA} nor {RS256}.")
        return cls(kid, Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, kid: str, pem: str) -> KeyPair:
        """The pair that `to_pem` wrote; ValueError when it is none."""
        private = load_pem_private_key(pem.encode("ascii"), None)
        if not isinstance(private, Ed25519PrivateKey | rsa.RSAPrivateKey):
            raise ValueError(f"The key {kid} is neither for {EDDSA} nor for {RS256}.")  # noqa: TRY004 - the text is wrong
        return cls(kid, private)

    def to_pem(self) -> str:
        """The private half, unencrypted (PKCS #8)."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    @property
    def algorithm(self) -> str:
        """The one that the key is for."""
        return EDDSA if isinstance(self.private, Ed25519PrivateKey) else RS256

    def jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 8037, RFC 7518)."""
        numbers = _members(self.private.public_key())
        return {**numbers, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def issue(
        self,
        subject: str,
        *,
        audience: Sequence[str],
        scope: str,
        client_id: str = "shop",
        life_seconds: float,
        now: float | None = None,
        **claims: object,
    ) -> str:
        """A signed token for `subject`; `claims` overrides or adds, `now` is epoch seconds."""
        issued = int(time.time() if now is None else now)
        payload: dict[str, object] = {
            "iss": ISSUER,
            "aud": [audience] if isinstance(audience, str) else list(audience),
            "sub": subject,
            "client_id": client_id,
            "scope": scope,
            "iat": issued,
            "exp": int(issued + life_seconds),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(payload | claims, self.private, self.algorithm, headers={"typ": TYPE, "kid": self.kid})


def _members(public: PublicKey) -> dict[str, str]:
    if isinstance(public, Ed25519PublicKey):
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw)}
    numbers = public.public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}


def _number(value: int) -> str:
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwks(*pairs: KeyPair) -> dict[str, list[dict[str, str]]]:
    """The JWKS document of these pairs: public halves only."""
    return {"keys": [pair.jwk() for pair in pairs]}


class Verifier:
    """Verifies tokens meant for `audience`, and remembers the ones that passed until they expire or the keys change.

    `accept_expired` is asked about a token that has expired: the seeded fault's door.
    """

    def __init__(
        self,
        source: KeySource,
        *,
        audience: str,
        issuer: str = ISSUER,
        clock: Callable[[], float] = time.time,
        accept_expired: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._accept_expired = accept_expired
        self._generation: tuple[Keys, dict[str, Token]] = ({}, {})

    def verify(self, text: str) -> Token:
        """The token that `text` is.

        Raises:
            InvalidToken: anything about it is not exactly right.
            ClientError: no key is known yet, and none can be had.
        """
        known = self._known(self._source.keys())
        token = known.get(text)
        if token is None:
            token = known[text] = self._verify(text)
        if token.expires <= self._clock() and not self._accept_expired():
            raise InvalidToken("The token has expired.")
        return token

    def _known(self, keys: Keys) -> dict[str, Token]:
        verified_by, known = self._generation
        if keys is not verified_by or len(known) >= REMEMBERED:
            known = {}
            self._generation = (keys, known)
        return known

    def _verify(self, text: str) -> Token:
        header, payload = _opened(text)
        key = self._key(_kid(header))
        if header["alg"] != key.algorithm:
            raise InvalidToken("The token's algorithm is not its key's.")
        try:
            _JWS.decode(text, key.public, [key.algorithm])
        except jwt.PyJWTError as error:
            raise InvalidToken(f"The token is not valid: {error}.") from error
        return self._read(_document(payload), text)

    def _key(self, kid: str) -> VerifyingKey:
        key = self._source.keys().get(kid) or self._source.missing(kid).get(kid)
        if key is None:
            raise InvalidToken("The token's key is not known.")
        return key

    def _read(self, claims: Mapping[str, Any], text: str) -> Token:
        if missing := [name for name in REQUIRED if name not in claims]:
            raise InvalidToken(f"The token has no {', '.join(missing)}.")
        if claims["iss"] != self._issuer:
            raise InvalidToken("The token is another issuer's.")
        audience = claims["aud"]
        if not (isinstance(audience, list) and self._audience in audience):
            raise InvalidToken(f"The token is not meant for {self._audience}.")
        if max(_time(claims, "iat"), _time(claims, "nbf")) > self._clock() + SKEW_SECONDS:
            raise InvalidToken("The token is not valid yet.")
        _name(claims, "jti")
        return Token(
            _name(claims, "sub"), _name(claims, "client_id"), _scopes(claims), float(_time(claims, "exp")), text
        )


def _opened(text: str) -> tuple[dict[str, Any], bytes]:
    """Header and payload of a compact JWS whose three segments are strict base64url."""
    if len(text) > MAX_TOKEN_BYTES:
        raise InvalidToken(f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
    segments = text.split(".")
    if len(segments) != _SEGMENTS:
        raise InvalidToken("The token is not a signed JWT.")
    try:
        header, payload, _ = (base64url.decode(segment) for segment in segments)
    except base64url.NotBase64Url as error:
        raise InvalidToken(f"The token is {error}.") from error
    return _document(header), payload


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(raw)
    except strict_json.InvalidJson as error:
        raise InvalidToken(f"The token is not valid JSON inside: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidToken("The token is not a JSON object inside.")
    return document


def _kid(header: dict[str, Any]) -> str:
    """The key's name, from a header that holds what ours hold and nothing else (no `crit`, `jwk`, `jku`, `x5u`)."""
    if set(header) != {"alg", "typ", "kid"} or header["typ"] != TYPE:
        raise InvalidToken(f"The token's header must be an alg, the typ {TYPE} and a kid, and nothing else.")
    return _name(header, "kid")


def _name(members: Mapping[str, Any], name: str) -> str:
    value = members[name]
    if not (isinstance(value, str) and _NAME.fullmatch(value)):
        raise InvalidToken(f"The token's {name} is not a text, empty, too long or not printable.")
    return value


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name, 0)
    if type(value) is not int or not 0 <= value <= LATEST:  # True is an int to Python
        raise InvalidToken(f"The token's {name} is not a time.")
    return value


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    scope = claims["scope"]
    if not (isinstance(scope, str) and _SCOPE.fullmatch(scope)):
        raise InvalidToken("The token's scope is not a list of names.")
    return frozenset(scope.split(" "))

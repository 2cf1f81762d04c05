from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.kit.tokens import LOOK_SECONDS, MAX_TOKEN_BYTES, InvalidToken, JwksFile, KeyPair, Verifier, jwks, usable_keys

PAIR = KeyPair("key-1", Ed25519PrivateKey.from_private_bytes(b"1" * 32))
OTHER = KeyPair("key-1", Ed25519PrivateKey.from_private_bytes(b"2" * 32))


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def published(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(jwks(PAIR)))
    return file


@pytest.fixture
def verifier(published: Path) -> Verifier:
    return Verifier(JwksFile(published))


def good(**claims: object) -> str:
    return PAIR.issue("alice", life_seconds=60, **claims)


def segment(document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def signed(header: dict[str, object] | bytes, payload: object = None) -> str:
    body = f"{segment(header)}.{segment(claims_of(good()) if payload is None else payload)}"
    return f"{body}.{segment(PAIR.private.sign(body.encode()))}"


def header(**changes: object) -> dict[str, object]:
    return {"alg": "EdDSA", "typ": "at+jwt", "kid": "key-1"} | changes


def without(claim: str) -> str:
    claims = claims_of(good())
    del claims[claim]
    return signed(header(), claims)


def hmac_with_the_public_key() -> str:
    raw = PAIR.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims_of(good()), raw, "HS256", headers={"typ": "at+jwt", "kid": "key-1"})


def stray_bits() -> str:
    # An Ed25519 signature's last character carries four bits that mean nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = good()
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


FORGED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "two-segments": lambda: "a.b",
    "five-segments": lambda: "a.b.c.d.e",
    "alg-none": lambda: f"{segment(header(alg='none'))}.{good().split('.')[1]}.",
    "alg-none-with-signature": lambda: signed(header(alg="none")),
    "alg-confusion": hmac_with_the_public_key,
    "alg-ed25519-by-another-name": lambda: signed(header(alg="Ed25519")),
    "another-key-of-the-same-name": lambda: OTHER.issue("alice", life_seconds=60),
    "unknown-kid": lambda: signed(header(kid="key-2")),
    "kid-is-a-number": lambda: signed(header(kid=1)),
    "no-kid": lambda: signed({"alg": "EdDSA", "typ": "at+jwt"}),
    "typ-jwt": lambda: signed(header(typ="JWT")),
    "no-typ": lambda: signed({"alg": "EdDSA", "kid": "key-1"}),
    "own-key-in-the-header": lambda: signed(header(jwk=PAIR.jwk())),
    "crit": lambda: signed(header(crit=["exp"])),
    "header-member-twice": lambda: signed(b'{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"key-1"}'),
    "claim-twice": lambda: signed(header(), json.dumps(claims_of(good()))[:-1].encode() + b',"sub":"bob"}'),
    "payload-is-a-list": lambda: signed(header(), []),
    "payload-is-not-json": lambda: signed(header(), b"alice"),
    "payload-is-deep": lambda: signed(header(), b"[" * 2000),
    "wrong-issuer": lambda: good(iss="someone"),
    "wrong-audience": lambda: good(aud="someone"),
    "one-audience-of-many": lambda: good(aud=["seatrial-shop", "someone"]),
    "expired": lambda: PAIR.issue("alice", life_seconds=60, now=time.time() - 61),
    "expiry-is-text": lambda: good(exp=str(int(time.time()) + 60)),
    "expiry-is-endless": lambda: good(exp=10**400),
    "expiry-is-infinite": lambda: good(exp=float("inf")),
    "issued-in-the-future": lambda: PAIR.issue("alice", life_seconds=900, now=time.time() + 600),
    "not-before-later": lambda: good(nbf=int(time.time()) + 600),
    "empty-subject": lambda: good(sub=""),
    "subject-with-newline": lambda: good(sub="alice\nbob"),
    "subject-is-a-number": lambda: good(sub=7),
    "empty-jti": lambda: good(jti=""),
    "padded-base64": lambda: good() + "==",
    "standard-base64": lambda: good()[:-3] + "+/A",
    "stray-bits-in-base64": stray_bits,
    "newline-at-the-end": lambda: good() + "\n",
    "changed-signature": lambda: good()[:-8] + "AAAAAAAA",
    "oversized": lambda: good(note="x" * MAX_TOKEN_BYTES),
    **{f"no-{claim}": lambda claim=claim: without(claim) for claim in ("iss", "aud", "exp", "iat", "sub", "jti")},  # type: ignore[misc]  # mypy does not infer a default's type in a lambda
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused(verifier: Verifier, forge: Callable[[], str]) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(forge())


def test_our_token_is_accepted_and_tells_its_subject(verifier: Verifier) -> None:
    text = good()
    token = verifier.verify(text)
    assert (token.subject, token.text) == ("alice", text)


def test_a_token_signed_by_hand_is_accepted_so_that_the_table_above_means_something(verifier: Verifier) -> None:
    assert verifier.verify(signed(header())).subject == "alice"


def test_a_remembered_token_still_expires(published: Path) -> None:
    clock = Clock(time.time())
    verifier = Verifier(JwksFile(published), clock=clock)
    text = good()
    verifier.verify(text)
    clock.now += 61
    with pytest.raises(InvalidToken, match="expired"):
        verifier.verify(text)


def test_a_withdrawn_key_ends_tokens_that_were_remembered(published: Path) -> None:
    clock = Clock()
    verifier = Verifier(JwksFile(published, clock=clock))
    text = good()
    verifier.verify(text)
    published.write_text('{"keys": []}')
    clock.now += LOOK_SECONDS
    with pytest.raises(InvalidToken, match="key is not known"):
        verifier.verify(text)


def test_keys_published_after_the_start_are_found(tmp_path: Path) -> None:
    clock = Clock()
    file = JwksFile(tmp_path / "jwks.json", clock=clock)
    assert file.keys() == {}
    (tmp_path / "jwks.json").write_text(json.dumps(jwks(PAIR)))
    clock.now += LOOK_SECONDS
    assert set(file.keys()) == {"key-1"}


def test_the_file_is_not_looked_at_for_every_bad_token(published: Path) -> None:
    clock = Clock()
    file = JwksFile(published, clock=clock)
    before = file.keys()
    published.unlink()
    assert file.keys() is before


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"kty": "oct"},
        {"crv": "X25519"},
        {"alg": "HS256"},
        {"d": "AAAA"},
        {"x": "AAAA"},
        {"x": "not base64"},
        {"kid": 5},
    ],
    ids=str,
)
def test_a_key_not_meant_for_this_is_passed_over(change: dict[str, object]) -> None:
    assert usable_keys({"keys": [PAIR.jwk() | change]}) == {}


@pytest.mark.parametrize("change", [{}, {"key_ops": ["verify"]}], ids=["ours", "key-ops"])
def test_a_key_meant_for_this_is_taken(change: dict[str, object]) -> None:
    assert set(usable_keys({"keys": [PAIR.jwk() | change, "rubbish"]})) == {"key-1"}


@pytest.mark.parametrize("document", [[], {}, {"keys": 1}, None], ids=str)
def test_a_document_that_is_no_jwks_holds_no_key(document: object) -> None:
    assert usable_keys(document) == {}


def test_a_published_key_has_no_private_half() -> None:
    assert "d" not in KeyPair.generate().jwk()

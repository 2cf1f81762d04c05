from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask_openapi3.blueprint import APIBlueprint
from hypothesis import given
from hypothesis import strategies as st

from fleet.kit import auth
from fleet.kit.keys import Keys, StaticKeys
from fleet.kit.testing import Harness, harness
from fleet.kit.tokens import MAX_TOKEN_BYTES, REMEMBERED, SKEW_SECONDS, InvalidToken, KeyPair, Verifier, jwks

ED = KeyPair("ed", Ed25519PrivateKey.from_private_bytes(b"1" * 32))
OTHER_ED = KeyPair("ed", Ed25519PrivateKey.from_private_bytes(b"2" * 32))
ALGORITHMS = ["EdDSA", "RS256"]
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


@cache
def rsa() -> KeyPair:
    """Made when first asked for: it takes a while."""
    return KeyPair("rsa", KeyPair.generate("RS256").private)


def pair_of(algorithm: str) -> KeyPair:
    return ED if algorithm == "EdDSA" else rsa()


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Published:
    """A source whose keys a test replaces; it notes which were missed."""

    def __init__(self, *pairs: KeyPair) -> None:
        self.now = StaticKeys(jwks(*pairs)).keys()
        self.later: Keys | None = None
        self.missed: list[str] = []

    def keys(self) -> Keys:
        return self.now

    def missing(self, kid: str) -> Keys:
        self.missed.append(kid)
        self.now = self.later or self.now
        return self.now


@pytest.fixture(scope="module")
def service() -> Harness:
    """A service named sample, one of whose views needs a token of either algorithm."""
    made = harness("sample", keys=StaticKeys(jwks(ED, rsa())))
    routes = APIBlueprint("guarded", __name__)
    auth.protect(routes, auth.verifier(made.app.kit))
    routes.get("/who")(lambda: {"subject": auth.subject()})
    made.app.register_api(routes)
    return made


def ask(service: Harness, text: str) -> Any:
    # As a server would hand it over; the test client itself refuses to send some of these.
    header = f"Bearer {text}".encode().decode("latin-1")
    return service.client.get("/who", environ_overrides={"HTTP_AUTHORIZATION": header})


def good(pair: KeyPair = ED, life_seconds: float = 60, **claims: Any) -> str:
    wanted = {"audience": ["other", "sample"], "scope": "orders feed", "life_seconds": life_seconds} | claims
    return pair.issue("alice", **wanted)


def segment(document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token: str) -> dict[str, Any]:
    return dict(json.loads(decoded(token.split(".")[1])))


def header(pair: KeyPair = ED, **changes: object) -> dict[str, object]:
    return {"alg": pair.algorithm, "typ": "at+jwt", "kid": pair.kid} | changes


def signature(pair: KeyPair, body: bytes) -> bytes:
    if isinstance(pair.private, RSAPrivateKey):
        return pair.private.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return pair.private.sign(body)


def signed(header: dict[str, object] | bytes, payload: object = None, pair: KeyPair = ED) -> str:
    body = f"{segment(header)}.{segment(claims_of(good()) if payload is None else payload)}"
    return f"{body}.{segment(signature(pair, body.encode()))}"


def resigned(change: Callable[[bytes, bytes], bytes], pair: KeyPair = ED) -> str:
    """A good token whose signature is changed; `change` gets the signed bytes and the signature."""
    body, _, last = good(pair).rpartition(".")
    return f"{body}.{segment(change(body.encode(), decoded(last)))}"


def claiming(**claims: object) -> str:
    return signed(header(), claims_of(good()) | claims)


def without(claim: str) -> str:
    return signed(header(), {name: value for name, value in claims_of(good()).items() if name != claim})


def raw_claims(text: str) -> str:
    """Good claims whose JSON ends in `text`."""
    return signed(header(), json.dumps(claims_of(good()))[:-1].encode() + b"," + text.encode() + b"}")


def hmac_with(secret: bytes, kid: str, algorithm: str = "HS256") -> str:
    body = f"{segment(header(ED, alg=algorithm, kid=kid))}.{good().split('.')[1]}"
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(body.encode(), secret)
    return f"{body}.{segment(digest)}"


def public(pair: KeyPair, encoding: Encoding, form: PublicFormat) -> bytes:
    return pair.private.public_key().public_bytes(encoding, form)


def pem(pair: KeyPair) -> bytes:
    return public(pair, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def rsa_signed(padded: Any, digest: Any) -> str:
    private = rsa().private
    assert isinstance(private, RSAPrivateKey)
    return resigned(lambda body, _: private.sign(body, padded, digest), rsa())


def beyond_the_modulus(_: bytes, sig: bytes) -> bytes:
    private = rsa().private
    assert isinstance(private, RSAPrivateKey)
    number = int.from_bytes(sig, "big") + private.private_numbers().public_numbers.n
    return number.to_bytes(len(sig) + 1, "big")


def malleable(_: bytes, sig: bytes) -> bytes:
    """S + L verifies too where a library forgets RFC 8032, section 5.1.7."""
    return sig[:32] + (int.from_bytes(sig[32:], "little") + ED25519_ORDER).to_bytes(32, "little")


def stray_bits() -> str:
    # An Ed25519 signature's last character carries four bits that mean nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = good()
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def swapped(part: int) -> str:
    """The parts of two good tokens, mixed."""
    one, two = good().split("."), good(scope="feed admin").split(".")
    one[part] = two[part]
    return ".".join(one)


NOW = time.time()
FORM: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "dots": lambda: "..",
    "one-segment": lambda: good().replace(".", ""),
    "two-segments": lambda: good().rpartition(".")[0],
    "four-segments": lambda: good() + ".AA",
    "five-segments-as-encrypted": lambda: "eyJhbGciOiJkaXIifQ..AA.AA.AA",
    "empty-header": lambda: "." + good().split(".", 1)[1],
    "empty-payload": lambda: "{0}..{2}".format(*good().split(".")),
    "json-serialised": lambda: json.dumps(
        dict(zip(("protected", "payload", "signature"), good().split("."), strict=True))
    ),
    "padded-base64": lambda: good() + "==",
    "standard-base64": lambda: good()[:-3] + "+/A",
    "stray-bits-in-base64": stray_bits,
    "newline-at-the-end": lambda: good() + "\n",
    "blank-before": lambda: " " + good(),
    "blank-inside": lambda: good().replace(".", ". ", 1),
    "nul-at-the-end": lambda: good() + "\0",
    "fullwidth-letter": lambda: good().replace("e", "\uff45", 1),
    "two-tokens": lambda: f"{good()},{good()}",
    "oversized": lambda: good(note="x" * MAX_TOKEN_BYTES),
    "oversized-header": lambda: signed(header(kid="x" * MAX_TOKEN_BYTES)),
}
HEADERS: dict[str, Callable[[], str]] = {
    "none": lambda: f"{segment(header(alg='none'))}.{good().split('.')[1]}.",
    "none-in-capitals": lambda: f"{segment(header(alg='nOnE'))}.{good().split('.')[1]}.",
    "none-with-a-signature": lambda: signed(header(alg="none")),
    "alg-in-lower-case": lambda: signed(header(alg="eddsa")),
    "alg-ed25519-by-its-other-name": lambda: signed(header(alg="Ed25519")),
    "alg-null": lambda: signed(header(alg=None)),
    "alg-list": lambda: signed(header(alg=["EdDSA"])),
    "alg-of-another-family": lambda: signed(header(alg="ES256")),
    "alg-rs256-for-an-ed25519-key": lambda: signed(header(alg="RS256")),
    "alg-eddsa-for-an-rsa-key": lambda: signed(header(rsa(), alg="EdDSA"), pair=rsa()),
    "alg-rs512-for-an-rsa-key": lambda: signed(header(rsa(), alg="RS512"), pair=rsa()),
    "alg-ps256-for-an-rsa-key": lambda: signed(header(rsa(), alg="PS256"), pair=rsa()),
    "kid-of-the-other-key": lambda: signed(header(kid="rsa", alg="RS256")),
    "no-alg": lambda: signed({"typ": "at+jwt", "kid": "ed"}),
    "typ-jwt": lambda: signed(header(typ="JWT")),
    "typ-in-capitals": lambda: signed(header(typ="AT+JWT")),
    "typ-as-media-type": lambda: signed(header(typ="application/at+jwt")),
    "typ-null": lambda: signed(header(typ=None)),
    "no-typ": lambda: signed({"alg": "EdDSA", "kid": "ed"}),
    "no-kid": lambda: signed({"alg": "EdDSA", "typ": "at+jwt"}),
    "unknown-kid": lambda: signed(header(kid="ed2")),
    "kid-empty": lambda: signed(header(kid="")),
    "kid-number": lambda: signed(header(kid=1)),
    "kid-list": lambda: signed(header(kid=["ed"])),
    "kid-null": lambda: signed(header(kid=None)),
    "kid-path": lambda: signed(header(kid="../../dev/null")),
    "kid-with-a-blank": lambda: signed(header(kid="ed ")),
    "kid-with-a-newline": lambda: signed(header(kid="ed\n")),
    "own-key-in-the-header": lambda: signed(header(OTHER_ED, jwk=OTHER_ED.jwk()), pair=OTHER_ED),
    "key-address-in-the-header": lambda: signed(header(jku="http://127.0.0.1:1/jwks.json")),
    "certificate-address-in-the-header": lambda: signed(header(x5u="http://127.0.0.1:1/")),
    "crit": lambda: signed(header(crit=["exp"], exp=1)),
    "unencoded-payload": lambda: signed(header(crit=["b64"], b64=False)),
    "compressed": lambda: signed(header(zip="DEF")),
    "header-member-twice": lambda: signed(b'{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"ed"}'),
    "header-member-twice-escaped": lambda: signed(b'{"alg":"EdDSA","\\u0061lg":"EdDSA","typ":"at+jwt","kid":"ed"}'),
    "header-list": lambda: signed(b"[]"),
    "header-null": lambda: signed(b"null"),
    "header-not-json": lambda: signed(b"alice"),
    "header-with-a-byte-order-mark": lambda: signed(b"\xef\xbb\xbf" + json.dumps(header()).encode()),
    "header-in-utf-16": lambda: signed(json.dumps(header()).encode("utf-16")),
    "header-with-more-behind": lambda: signed(json.dumps(header()).encode() + b"{}"),
    "header-deep": lambda: signed(b'{"alg":' + b"[" * 1500),
}
SIGNATURES: dict[str, Callable[[], str]] = {
    "another-key-of-the-same-name": lambda: good(OTHER_ED),
    "another-tokens-payload": lambda: swapped(1),
    "another-tokens-signature": lambda: swapped(2),
    "missing": lambda: good().rpartition(".")[0] + ".",
    "one-byte": lambda: resigned(lambda _, __: b"\0"),
    "zeros": lambda: resigned(lambda _, sig: bytes(len(sig))),
    "a-bit-flipped": lambda: resigned(lambda _, sig: sig[:-1] + bytes([sig[-1] ^ 1])),
    "first-bit-flipped": lambda: resigned(lambda _, sig: bytes([sig[0] ^ 1]) + sig[1:]),
    "cut": lambda: resigned(lambda _, sig: sig[:-1]),
    "longer": lambda: resigned(lambda _, sig: sig + b"\0"),
    "twice": lambda: resigned(lambda _, sig: sig + sig),
    "halves-swapped": lambda: resigned(lambda _, sig: sig[32:] + sig[:32]),
    "ed25519-s-not-reduced": lambda: resigned(malleable),
    "ed25519-small-order-point": lambda: resigned(lambda _, __: b"\1" + bytes(63)),
    "ed25519-of-the-payload-alone": lambda: resigned(lambda body, _: signature(ED, body.split(b".")[1])),
    "rsa-zeros": lambda: resigned(lambda _, sig: bytes(len(sig)), rsa()),
    "rsa-one": lambda: resigned(lambda _, sig: bytes(len(sig) - 1) + b"\1", rsa()),
    "rsa-a-bit-flipped": lambda: resigned(lambda _, sig: sig[:-1] + bytes([sig[-1] ^ 1]), rsa()),
    "rsa-cut": lambda: resigned(lambda _, sig: sig[:-1], rsa()),
    "rsa-leading-zero": lambda: resigned(lambda _, sig: b"\0" + sig, rsa()),
    "rsa-beyond-the-modulus": lambda: resigned(beyond_the_modulus, rsa()),
    "rsa-pss": lambda: rsa_signed(padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    "rsa-sha1": lambda: rsa_signed(padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303 - that is the point
    "rsa-sha512": lambda: rsa_signed(padding.PKCS1v15(), hashes.SHA512()),
    "hmac-with-the-public-key": lambda: hmac_with(public(ED, Encoding.Raw, PublicFormat.Raw), "ed"),
    "hmac-with-the-public-pem": lambda: hmac_with(pem(ED), "ed"),
    "hmac-with-the-public-jwk": lambda: hmac_with(json.dumps(ED.jwk()).encode(), "ed"),
    "hmac-with-the-rsa-pem": lambda: hmac_with(pem(rsa()), "rsa"),
    "hmac-with-the-rsa-pem-called-rs256": lambda: hmac_with(pem(rsa()), "rsa", "RS256"),
    "hmac-with-nothing": lambda: hmac_with(b"", "ed"),
}
CLAIMS: dict[str, Callable[[], str]] = {
    "wrong-issuer": lambda: good(iss="someone"),
    "issuer-in-capitals": lambda: good(iss="Seatrial-Shop"),
    "issuer-list": lambda: claiming(iss=["seatrial-shop"]),
    "another-audience": lambda: good(audience=["other"]),
    "audience-empty": lambda: good(audience=[]),
    "audience-text": lambda: good(aud="sample"),
    "audience-text-that-holds-it": lambda: good(aud="sample other"),
    "audience-object": lambda: good(aud={"sample": True}),
    "audience-longer": lambda: good(audience=["sample-2", "sampl"]),
    "audience-nested": lambda: good(aud=[["sample"]]),
    "audience-null": lambda: good(aud=None),
    "expired": lambda: good(now=NOW - 61),
    "expired-a-moment-ago": lambda: good(life_seconds=-1),
    "expiry-text": lambda: claiming(exp=str(int(NOW) + 60)),
    "expiry-fraction": lambda: claiming(exp=NOW + 60.5),
    "expiry-true": lambda: claiming(exp=True),
    "expiry-null": lambda: claiming(exp=None),
    "expiry-negative": lambda: claiming(exp=-1),
    "expiry-in-milliseconds": lambda: claiming(exp=int(NOW * 1000) + 60_000),
    "expiry-endless": lambda: claiming(exp=10**400),
    "expiry-infinite": lambda: claiming(exp=float("inf")),
    "expiry-not-a-number": lambda: claiming(exp=float("nan")),
    "issued-in-the-future": lambda: good(now=NOW + 6000),
    "issued-is-text": lambda: claiming(iat="now"),
    "issued-true": lambda: claiming(iat=True),
    "not-before-later": lambda: good(nbf=int(NOW) + 6000),
    "not-before-text": lambda: claiming(nbf="1"),
    "subject-empty": lambda: good(sub=""),
    "subject-with-a-newline": lambda: good(sub="alice\nbob"),
    "subject-with-nul": lambda: good(sub="alice\0"),
    "subject-long": lambda: good(sub="a" * 256),
    "subject-number": lambda: good(sub=7),
    "subject-null": lambda: good(sub=None),
    "subject-in-other-letters": lambda: good(sub="аlice"),  # noqa: RUF001 - a Cyrillic letter
    "jti-empty": lambda: good(jti=""),
    "jti-number": lambda: good(jti=1),
    "client-empty": lambda: good(client_id=""),
    "client-list": lambda: good(client_id=["shop"]),
    "scope-list": lambda: claiming(scope=["orders"]),
    "scope-empty": lambda: good(scope=""),
    "scope-with-two-blanks": lambda: good(scope="orders  feed"),
    "scope-with-a-blank-before": lambda: good(scope=" orders"),
    "scope-with-a-quote": lambda: good(scope='orders"'),
    "scope-with-a-tab": lambda: good(scope="orders\tfeed"),
    "claim-twice": lambda: raw_claims('"sub":"bob"'),
    "claim-twice-escaped": lambda: raw_claims('"s\\u0075b":"bob"'),
    "claim-twice-deep": lambda: raw_claims('"x":{"a":1,"a":2}'),
    "payload-list": lambda: signed(header(), []),
    "payload-text": lambda: signed(header(), "alice"),
    "payload-not-json": lambda: signed(header(), b"alice"),
    "payload-bad-utf-8": lambda: signed(header(), b'{"sub":"\xff"}'),
    "payload-deep": lambda: signed(header(), b"[" * 2000),
    "payload-an-open-object": lambda: signed(header(), json.dumps(claims_of(good()))[:-1].encode()),
    **{
        f"no-{claim}": lambda claim=claim: without(claim)  # type: ignore[misc]  # mypy infers no lambda's default
        for claim in ("iss", "aud", "exp", "iat", "sub", "jti", "client_id", "scope")
    },
}
FORGED = {
    f"{group}-{name}": forge
    for group, table in {"form": FORM, "header": HEADERS, "signature": SIGNATURES, "claims": CLAIMS}.items()
    for name, forge in table.items()
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused_at_the_door(service: Harness, forge: Callable[[], str]) -> None:
    text = forge()
    answer = ask(service, text)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert len(text) < 20 or text.encode() not in answer.data


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_our_token_is_accepted(service: Harness, algorithm: str) -> None:
    assert ask(service, good(pair_of(algorithm))).get_json() == {"subject": "alice"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_signed_by_hand_is_accepted_so_that_the_table_above_means_something(
    service: Harness, algorithm: str
) -> None:
    pair = pair_of(algorithm)
    assert ask(service, signed(header(pair), pair=pair)).status_code == 200
    assert ask(service, resigned(lambda _, sig: sig, pair)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": int(NOW) + SKEW_SECONDS - 5},
        {"nbf": int(NOW)},
        {"audience": ["sample"]},
        {"audience": "sample"},
        {"scope": "a"},
        {"note": "more than is asked for"},
        {"sub": "a" * 255},
    ],
    ids=[
        "clocks-differ-a-little",
        "not-before-now",
        "we-alone",
        "one-name-for-issue",
        "one-scope",
        "more",
        "long-name",
    ],
)
def test_what_is_odd_but_right_is_accepted(service: Harness, claims: dict[str, Any]) -> None:
    assert ask(service, good(**claims)).status_code == 200


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        Verifier(Published(ED), audience="sample").verify(text)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
def test_no_bytes_are_more_than_refused(first: bytes, second: bytes, third: bytes) -> None:
    with pytest.raises(InvalidToken):
        Verifier(Published(ED), audience="sample").verify(".".join(map(segment, (first, second, third))))


@given(st.data())
def test_a_token_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    text = good()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "))
    if other != text[place]:
        with pytest.raises(InvalidToken):
            Verifier(Published(ED), audience="sample").verify(text[:place] + other + text[place + 1 :])


def test_a_verified_token_tells_what_it_allows_and_whom() -> None:
    text = good(client_id="shop", now=NOW)
    token = Verifier(Published(ED), audience="sample", clock=lambda: NOW).verify(text)
    assert (token.subject, token.client_id, token.scopes) == ("alice", "shop", {"orders", "feed"})
    assert (token.expires, token.text) == (int(NOW) + 60, text)


def test_a_remembered_token_still_expires() -> None:
    clock = Clock(time.time())
    verifier = Verifier(Published(ED), audience="sample", clock=clock)
    text = good()
    verifier.verify(text)
    clock.now += 61
    with pytest.raises(InvalidToken, match="expired"):
        verifier.verify(text)


def test_a_withdrawn_key_ends_tokens_that_were_remembered() -> None:
    source = Published(ED)
    verifier = Verifier(source, audience="sample")
    text = good()
    verifier.verify(text)
    source.now = {}
    with pytest.raises(InvalidToken, match="key is not known"):
        verifier.verify(text)


def test_a_token_is_verified_once_while_its_keys_stay() -> None:
    verifier, text = Verifier(Published(ED), audience="sample"), good()
    assert verifier.verify(text) is verifier.verify(text)


def test_what_is_remembered_is_bounded() -> None:
    verifier = Verifier(Published(ED), audience="sample")
    known = {str(number): verifier.verify(good()) for number in range(2)}
    verifier._generation[1].update({str(number): known["0"] for number in range(REMEMBERED)})
    verifier.verify(good())
    assert len(verifier._generation[1]) == 1


def test_an_unknown_key_is_asked_for_and_found() -> None:
    source = Published()
    source.later = StaticKeys(jwks(ED)).keys()
    assert Verifier(source, audience="sample").verify(good()).subject == "alice"
    assert source.missed == ["ed"]


@pytest.mark.parametrize("name", ["form-four-segments", "header-typ-jwt", "header-kid-number", "header-crit"])
def test_what_is_wrong_before_its_key_matters_asks_for_no_key(name: str) -> None:
    source = Published()
    with pytest.raises(InvalidToken):
        Verifier(source, audience="sample").verify(FORGED[name]())
    assert source.missed == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pair_outlives_its_process_as_pem(algorithm: str) -> None:
    pair = pair_of(algorithm)
    again = KeyPair.from_pem(pair.kid, pair.to_pem())
    assert (again.jwk(), again.algorithm) == (pair.jwk(), algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_published_key_is_for_one_algorithm_and_has_no_private_half(algorithm: str) -> None:
    jwk = KeyPair.generate(algorithm).jwk()
    assert (jwk["alg"], jwk["use"]) == (algorithm, "sig")
    assert not {"d", "p", "q", "dp", "dq", "qi"} & jwk.keys()


def test_another_algorithm_cannot_be_had() -> None:
    with pytest.raises(ValueError, match="HS256"):
        KeyPair.generate("HS256")


def elliptic_pem() -> str:
    private = generate_private_key(SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "text", [elliptic_pem(), pem(ED).decode(), "rubbish", ""], ids=["another-kind", "public", "rubbish", "empty"]
)
def test_a_text_that_is_no_pair_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - cryptography says in its own words what is wrong
        KeyPair.from_pem("k", text)

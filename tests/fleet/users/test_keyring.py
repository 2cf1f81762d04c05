from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.users.keyring import GRACE_SECONDS, KeyRow, Rotation, keyring

ROTATION = Rotation("EdDSA", rotate_seconds=3600, publish_seconds=180, token_seconds=7200)
MAX_AGE = 60.0  # how old the keys may be that a verifier goes by


@dataclass
class Issuer:
    """Keys as the store would hold them."""

    rotation: Rotation = ROTATION
    rows: list[KeyRow] = field(default_factory=list)
    names: count[int] = field(default_factory=lambda: count(1))

    def ask(self, now: float) -> tuple[set[str], str]:
        """Published kids and the signer's, at `now`; makes the next key when it is due."""
        found = keyring(self.rows, now, self.rotation)
        if found.due:
            row = self.rotation.next_row(f"key-{next(self.names)}", found, now)
            self.rows = [*found.published, row]
            found = keyring(self.rows, now, self.rotation)
        assert found.signer is not None
        return {row.kid for row in found.published}, found.signer.kid


def walk(issuer: Issuer, instants: list[float]) -> list[str]:
    """Every unexpired token verifies, at each instant, with what was published at least MAX_AGE ago; gives the signers in order."""
    tokens: list[tuple[str, float]] = []
    seen: list[tuple[float, set[str]]] = []
    signers: list[str] = []
    for now in instants:
        published, signer = issuer.ask(now)
        seen.append((now, published))
        old = [kids for when, kids in seen if when <= now - MAX_AGE]
        tokens = [(kid, expires) for kid, expires in tokens if expires > now]
        if old:
            assert {signer, *(kid for kid, _ in tokens)} <= old[-1]
        tokens.append((signer, now + issuer.rotation.token_seconds))
        signers.append(signer)
    return signers


def test_through_six_rotations_no_verifier_lacks_a_key() -> None:
    signers = walk(Issuer(), [10.0 * tick for tick in range(6 * 360 + 1)])
    assert len(set(signers)) == 7


def test_no_signer_comes_back() -> None:
    signers = walk(Issuer(), [10.0 * tick for tick in range(2000)])
    changes = [later for before, later in pairwise(signers) if before != later]
    assert len(changes) == len(set(changes))


@settings(max_examples=200)
@given(
    st.lists(st.floats(min_value=0.5, max_value=55), min_size=20, max_size=400),
    st.floats(min_value=300, max_value=900),
    st.floats(min_value=60, max_value=3000),
)
def test_whenever_it_is_asked(gaps: list[float], rotate: float, life: float) -> None:
    now, instants = 0.0, []
    for gap in gaps:
        now += gap
        instants.append(now)
    walk(Issuer(Rotation("EdDSA", rotate_seconds=rotate, publish_seconds=180, token_seconds=life)), instants)


def test_the_algorithm_changes_like_a_key() -> None:
    issuer = Issuer()
    walk(issuer, [10.0 * tick for tick in range(20)])
    issuer.rotation = replace(ROTATION, algorithm="RS256")
    walk(issuer, [200 + 10.0 * tick for tick in range(40)])
    assert keyring(issuer.rows, 600, issuer.rotation).signer == KeyRow("key-2", "RS256", 380, 7200)


def test_replicas_of_two_minds_do_not_make_keys_without_end() -> None:
    issuer = Issuer()
    for tick in range(100):
        issuer.rotation = replace(ROTATION, algorithm=("EdDSA", "RS256")[tick % 2])
        issuer.ask(float(tick))
    assert len(issuer.rows) == 2


def test_a_shorter_life_does_not_withdraw_what_verifies_longer_tokens() -> None:
    rows = [KeyRow("old", "EdDSA", 0, 7200), KeyRow("new", "EdDSA", 1000, 60)]
    short = replace(ROTATION, token_seconds=60)
    kept = {now: {row.kid for row in keyring(rows, now, short).published} for now in (8199, 8201 + GRACE_SECONDS)}
    assert list(kept.values()) == [{"old", "new"}, {"new"}]


@pytest.mark.parametrize(
    "now,due",
    [(0, False), (3419, False), (3420, True), (10**9, True)],
    ids=["at-once", "a-moment-too-early", "in-time", "after-a-long-sleep"],
)
def test_the_next_key_is_due_as_long_before_as_it_must_be_published(now: float, *, due: bool) -> None:
    assert keyring([KeyRow("a", "EdDSA", 0, 60)], now, ROTATION).due is due


def test_nothing_is_due_while_a_key_waits_for_its_turn() -> None:
    rows = [KeyRow("a", "EdDSA", 0, 60), KeyRow("b", "EdDSA", 500, 60)]
    assert not keyring(rows, 499, ROTATION).due


def test_a_clock_set_back_leaves_a_signer() -> None:
    found = keyring([KeyRow("a", "EdDSA", 500, 60), KeyRow("b", "EdDSA", 900, 60)], 100, ROTATION)
    assert found.signer is not None
    assert found.signer.kid == "a"


def test_without_keys_there_is_no_signer_and_one_is_due() -> None:
    found = keyring([], 0, ROTATION)
    assert (found.published, found.signer, found.due) == ((), None, True)

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.users.passwords import LONGEST, SHORTEST, prepared, weakness

KNOWN = ("alice", "seatrial")


@pytest.mark.parametrize(
    "password,reason",
    [
        ("", "12 to 128"),
        ("x7#Kq9!mTz2", "12 to 128"),
        ("x7#Kq9!mTz2" * 12, "12 to 128"),
        ("x7#Kq9!mTz2\n4", "control"),
        ("ababbabaabba", "different"),
        ("AaAaBbBbCcDd", "different"),
        ("horse7horse7", "repeats"),
        ("horse7horse7ho", "repeats"),
        ("abcdefghijklm", "neighbours"),
        ("mlkjihgfedcba", "neighbours"),
        ("123456789012345", "neighbours"),
        ("qwertyuiop[]", "neighbours"),
        ("Asdfghjkl1234", "neighbours"),
        ("1qaz2wsx3edc", "neighbours"),
        ("aaaabbbbccccdddde", "neighbours"),
        ("password1234", "common word"),
        ("P@ssw0rd2024!", "common word"),
        ("!!Sunshine2024", "common word"),
        ("$un$hine2024$", "common word"),
        ("welc0me.2024.", "common word"),
        ("my-alice-is-fine", "account's name"),
        ("my-@l1ce-is-fine", "account's name"),
        ("SeaTrial is fun", "account's name"),
    ],
    ids=str,
)
def test_a_weak_password_is_refused_with_its_reason(password: str, reason: str) -> None:
    assert reason in (weakness(password, known=KNOWN) or "")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "tr0ub4dor&3-xkcd",
        "7f3a9c0e51bd",
        "пароль-из-многих-слов",
        "the password is long",
        "1234 ways to cross a street",
        "🐴🔋📎✅🌊⚓🧭🛟🚢🐚🦀🐟",
    ],
    ids=str,
)
def test_a_long_one_that_nobody_guesses_early_may_be_had(password: str) -> None:
    assert weakness(prepared(password), known=KNOWN) is None


@pytest.mark.parametrize(
    "length,refused", [(SHORTEST - 1, True), (SHORTEST, False), (LONGEST, False), (LONGEST + 1, True)]
)
def test_the_length_is_counted_in_characters(length: int, *, refused: bool) -> None:
    text = ("Ünïcödé wärds, ïn â rôw; " * 9)[: length - 2] + "7#"
    assert (weakness(text) is not None) is refused


def test_passwords_made_by_a_program_are_not_refused() -> None:
    assert [text for text in (secrets.token_urlsafe(16) for _ in range(2000)) if weakness(text, known=KNOWN)] == []


@given(st.text(max_size=200))
def test_a_reason_never_repeats_the_password(password: str) -> None:
    reason = weakness(prepared(password), known=KNOWN) or ""
    assert len(password) < 5 or password not in reason


def test_the_same_keys_on_another_keyboard_are_the_same_password() -> None:
    assert prepared("e\u0301cole ﬁne") == prepared("\u00e9cole fine")

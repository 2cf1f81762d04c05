"""Which passwords are refused, by rule: too short first, then those that a guesser tries early (NIST SP 800-63B, 5.1.1.2).

Owns the rules and the one form in which a password is judged and hashed (NFKC). Pure; a reason never repeats the password.
Leaves hashing to `hashing`. The list of words is short on purpose: with twelve characters, length does most of the work.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

SHORTEST, LONGEST = 12, 128
FEWEST_DISTINCT = 5
FEWEST_OUTSIDE_RUNS = 6
RUN = 4  # characters in a row, forwards or backwards, that make a run

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "yxcvbnm",
    "!@#$%^&*()",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_RUNS = "\n".join((*_ROWS, *(row[::-1] for row in _ROWS)))
_WORDS = frozenset(
    """
    abc access account admin administrator angel apple august autumn azerty banana baseball basketball batman blink
    buster butterfly change changeme charlie cheese chocolate computer cookie correct daniel december default diamond dragon
    elephant england everyone facebook family february flower football forever freedom friday friend friends ginger google guest
    hannah harley hello hockey hunter iloveyou internet january jennifer jessica jordan joshua july june killer letmein
    liverpool login london love lovely master matrix matthew michael michelle minecraft monday monkey mustang mypassword
    naruto nicole ninja november october orange pass passphrase passport passw password passwd pepper pokemon princess
    purple qazwsx qwerty qwertyuiop ranger robert samsung saturday secret security september server shadow silver
    soccer spring starwars summer sunday sunshine superman system temp test testing thomas thunder thursday tigger trustno
    tuesday user valentina wednesday welcome whatever winter wizard zaq
    """.split()  # noqa: SIM905 - as a list it would fill four screens
)
_LONGEST_WORD = max(map(len, _WORDS))
_LEET = (str.maketrans("@4301!$57", "aaeoiisst"), str.maketrans("@4301!$57", "aaeollsst"))


def prepared(password: str) -> str:
    """The form in which a password is judged and hashed: the same keys on another keyboard give the same characters."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, *, known: Iterable[str] = ()) -> str | None:
    """Why a prepared password is refused, in words that may be shown; None for one that may be had.

    `known` are words that a guesser of this very password would try: the account's name, the service's.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return f"The password must have {SHORTEST} to {LONGEST} characters."
    if any(unicodedata.category(character) == "Cc" for character in password):
        return "The password must not hold control characters."
    folded = password.casefold()
    if len(set(folded)) < FEWEST_DISTINCT:
        return f"The password must have at least {FEWEST_DISTINCT} different characters."
    if _repeats(folded):
        return "The password repeats the same few characters."
    if _outside_runs(folded) < FEWEST_OUTSIDE_RUNS:
        return "The password is little more than neighbours on the keyboard, in the alphabet or among the numbers."
    return _wordy(folded, [word.casefold() for word in known if word])


def _wordy(folded: str, known: list[str]) -> str | None:
    readings = [folded, *(folded.translate(table) for table in _LEET)]
    if any(word in reading for reading in readings for word in known):
        return "The password must not hold the account's name or the name of this service."
    if any(_is_dressed(folded, reading) for reading in readings):
        return "The password is a common word with digits or punctuation around it."
    return None


def _repeats(text: str) -> bool:
    """Whether the text is a shorter one again and again, the last time perhaps cut off."""
    return any(text[period:] == text[:-period] for period in range(1, len(text) // 2 + 1))


def _outside_runs(text: str) -> int:
    return len(text) - sum(length for length in _runs(text) if length >= RUN)


def _runs(text: str) -> Iterator[int]:
    """Lengths of the stretches that stand so in a row, or are one character; each character is in one of them."""
    start = 0
    for end in range(1, len(text) + 1):
        longer = text[start : end + 1]
        if end == len(text) or not (longer in _RUNS or len(set(longer)) == 1):
            yield end - start
            start = end


def _is_dressed(text: str, reading: str) -> bool:
    """Whether one common word is all that has letters in `text`; `reading` is the same with letters for look-alike digits."""
    for start, end in _words(reading):
        if not any(character.isalpha() for character in text[:start] + text[end:]):
            return True
    return False


def _words(text: str) -> Iterator[tuple[int, int]]:
    for start in range(len(text)):
        for end in range(start + 3, min(len(text), start + _LONGEST_WORD) + 1):
            if text[start:end] in _WORDS:
                yield start, end

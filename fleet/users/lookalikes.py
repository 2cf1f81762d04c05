"""When two texts look alike to a person: their skeletons are equal (Unicode Technical Standard 39, section 4).

Owns skeletons of case-folded texts and the question whether scripts are mixed; the tables are confusable-homoglyphs'.
Leaves to the caller which characters it takes at all.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from confusable_homoglyphs import confusables

_NEIGHBOURS = confusables.confusables_data
# 0 looks like O, whose small letter looks like others again: m is rn, its parts are looked at in the next round.
_ROUNDS = 3
_MARKS = "\u200e\u200f"  # the tables wrap what is written from right to left in these


def folded(text: str) -> str:
    """The text as it is compared: compatibility forms and case are gone (NFKC and case folding, until nothing changes)."""
    while (once := unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())) != text:
        text = once
    return text


def skeleton(text: str) -> str:
    """What the text looks like: equal for texts that a person may take for one another."""
    shape = folded(text)
    for _ in range(_ROUNDS):
        shape = "".join(map(_shape, unicodedata.normalize("NFD", shape)))
    return shape


def mixes_scripts(text: str) -> bool:
    """Whether letters of more than one script stand in the text; digits and punctuation belong to none."""
    return bool(confusables.is_mixed_script(text, allowed_aliases=["COMMON", "INHERITED"]))


@lru_cache(maxsize=4096)
def _shape(character: str) -> str:
    """The one text that stands for all that look like this character; of great letters the small one."""
    return min(_alike(character), key=_rank).lower()


def _alike(character: str) -> set[str]:
    found, open_ = {character}, [character]
    while open_:
        for entry in _NEIGHBOURS.get(open_.pop(), ()):
            other = entry["c"].strip(_MARKS)
            if other not in found:
                found.add(other)
                open_.append(other)
    return found


def _rank(text: str) -> tuple[bool, bool, bool, bool, str]:
    """Several characters first, since only they can be taken apart (m is rn); then Latin letters, small ones before great ones."""
    return (len(text) == 1, not text.isascii(), not text.isalpha(), not text.islower(), text)

"""Search for a word or part of one, and open something that was found."""

from __future__ import annotations

from loadtests.steps import SEARCH_PRODUCTS, VIEW_PRODUCT
from seatrial.openloop.journey import Journey

# Parts of words: some find much, some little, the last nothing.
TERMS = ("lamp", "sail", "brass", "teak", "an", "No. 1", "zzz")


def search(journey: Journey) -> None:
    """Search, and view one product of what was found."""
    found = journey.do(SEARCH_PRODUCTS, query={"q": journey.random.choice(TERMS), "limit": 10}).json
    if found["items"]:
        journey.think()
        journey.do(VIEW_PRODUCT, product_id=journey.random.choice(found["items"])["id"])

"""Look at a page of products, perhaps the next, open one or two, and perhaps come back to the last.

Who comes back holds the product already, and asks for it only if it has changed.
"""

from __future__ import annotations

from loadtests.steps import LIST_PRODUCTS, REVISIT_PRODUCT, VIEW_PRODUCT
from seatrial.openloop.journey import Journey

PAGE_LIMIT = 20
NEXT_PAGE_SHARE = 0.3
SECOND_LOOK_SHARE = 0.5
REVISIT_SHARE = 0.4


def browse(journey: Journey) -> None:
    """List, maybe turn the page, view one product or two, maybe the last once more."""
    page = journey.do(LIST_PRODUCTS, query={"limit": PAGE_LIMIT}).json
    if page["next_cursor"] and journey.random.random() < NEXT_PAGE_SHARE:
        journey.think()
        page = journey.do(LIST_PRODUCTS, query={"limit": PAGE_LIMIT, "cursor": page["next_cursor"]}).json
    looks = 2 if journey.random.random() < SECOND_LOOK_SHARE else 1
    for product in journey.random.sample(page["items"], min(looks, len(page["items"]))):
        journey.think()
        seen = journey.do(VIEW_PRODUCT, product_id=product["id"])
        if journey.random.random() < REVISIT_SHARE:
            journey.think()
            held = {"If-None-Match": seen.header("ETag") or ""}
            journey.do(REVISIT_PRODUCT, product_id=product["id"], headers=held)

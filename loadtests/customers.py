"""Who a journey is: one of the customers that the populate hook has made, and what they go for.

The identities document: `identities` [{subject, token, poor}], `products` and `scarce` (ids; scarce ones sell out).
"""

from __future__ import annotations

from seatrial.openloop.journey import Journey

# Few enough that most orders succeed, and often enough that each run meets the refusals.
SCARCE_SHARE = 0.04


def become_customer(journey: Journey) -> None:
    """Take the identity of a random customer."""
    journey.token = journey.random.choice(journey.data["identities"])["token"]


def choose_product(journey: Journey) -> str:
    """The id of a random product, now and then of one that is nearly sold out."""
    scarce = journey.data.get("scarce") or ()
    if scarce and journey.random.random() < SCARCE_SHARE:
        return str(journey.random.choice(scarce))
    return str(journey.random.choice(journey.data["products"]))

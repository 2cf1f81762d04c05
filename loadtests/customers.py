"""Who a journey is: one of the customers that the populate hook has made, and what they go for.

The identities document: `identities` [{subject, token, expires, poor}], `products` and `scarce` (ids; scarce ones sell
out), `expired` (tokens that have ended).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.openloop.journey import Journey

# Few enough that most orders succeed, and often enough that each run meets the refusals.
SCARCE_SHARE = 0.04
Identity = Mapping[str, Any]


def become_customer(journey: Journey) -> Identity:
    """Take the identity of a random customer."""
    me: Identity = journey.random.choice(journey.data["identities"])
    journey.token = me["token"]
    return me


def stranger(journey: Journey, me: Identity) -> Identity | None:
    """A random customer that is somebody else; None when there is nobody else."""
    others = [identity for identity in journey.data["identities"] if identity["subject"] != me["subject"]]
    return journey.random.choice(others) if others else None


def choose_product(journey: Journey) -> str:
    """The id of a random product, now and then of one that is nearly sold out."""
    scarce = journey.data.get("scarce") or ()
    if scarce and journey.random.random() < SCARCE_SHARE:
        return str(journey.random.choice(scarce))
    return str(journey.random.choice(journey.data["products"]))

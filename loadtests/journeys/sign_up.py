"""Become a customer: register, log in, look at oneself, and change what one is called.

Names and passwords are made here and forgotten with the journey. A name is drawn afresh, not from the seed: the same
load twice on one shop would otherwise ask for names that are taken.
"""

from __future__ import annotations

import secrets

from loadtests.steps import LOGIN, REGISTER, RENAME_ME, VIEW_ME
from seatrial.openloop.journey import Journey


def sign_up(journey: Journey) -> None:
    """Register under a fresh name, log in, view and rename oneself."""
    credentials = {"name": f"sailor-{secrets.token_hex(8)}", "password": secrets.token_urlsafe(18)}
    made = journey.do(REGISTER, body=credentials | {"display_name": "Able Seaman"}).json
    journey.think()
    journey.token = journey.do(LOGIN, body=credentials).json["access_token"]
    journey.think()
    me = {"id": made["id"], "name": made["name"]}
    journey.do(VIEW_ME, equal=me | {"display_name": "Able Seaman"})
    journey.think()
    journey.do(RENAME_ME, body={"display_name": "Bosun"}, equal=me)

"""What clients ask of the quotes."""

from typing import ClassVar

from seatrial.openloop.journey import Journey, Script
from seatrial.openloop.steps import Step, has
from seatrial.openloop.user import OpenLoopUser

CURRENCIES = Step("currencies", "GET", "/", {200: has("currencies")}, touches=("web",))
QUOTE = Step(
    "quote", "GET", "/quotes/{currency}", {200: has("total")}, touches=("web", "rates"), echoes={"currency": "currency"}
)


def convert(journey: Journey) -> None:
    listed = journey.do(CURRENCIES).json["currencies"]
    journey.think()
    journey.do(QUOTE, currency=journey.random.choice(listed))


class Quotes(OpenLoopUser):
    journeys: ClassVar[dict[str, Script]] = {"convert": convert}

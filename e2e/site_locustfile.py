"""A locustfile for a site that has one page, as short as a locustfile for any other site may be."""

from typing import ClassVar

from seatrial.openloop.journey import Journey, Script
from seatrial.openloop.steps import Step, has
from seatrial.openloop.user import OpenLoopUser

PAGE = Step("page", "GET", "/", {200: has(ok=True)}, touches=("site",))


def visit(journey: Journey) -> None:
    journey.do(PAGE)
    journey.think()
    journey.do(PAGE)


class Site(OpenLoopUser):
    journeys: ClassVar[dict[str, Script]] = {"visit": visit}

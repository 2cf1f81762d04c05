"""What the indices of a fleet's logs are called, here and in the containers."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

DAY_SECONDS = 86_400
# Elasticsearch's rules: lower case, none of these, no - _ + first, at most 255 bytes.
_FORBIDDEN = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class IndexNames:
    """`prefix` is all that differs: `seatrial-<fleet>`, with the run's id on a server that others use too."""

    prefix: str

    @classmethod
    def of(cls, fleet: str, run_id: str = "") -> IndexNames:
        """Of a fleet by its name; of one run of it."""
        parts = ("seatrial", fleet.lower(), run_id.lower())
        return cls(_FORBIDDEN.sub("-", "-".join(part for part in parts if part)))

    @property
    def alias(self) -> str:
        """Reads all days at once."""
        return f"{self.prefix}-logs"

    @property
    def pattern(self) -> str:
        """Matches every day's index, and nothing else of ours."""
        return f"{self.alias}-*"

    @property
    def letters(self) -> str:
        """The index of lines that could not become documents."""
        return f"{self.prefix}-dead-letters"

    def day(self, at: float) -> str:
        """The index of an event's own date (UTC), so that a line that is sent again meets itself."""
        return _day(self.alias, math.floor(at / DAY_SECONDS))


@functools.lru_cache(maxsize=64)
def _day(alias: str, number: int) -> str:
    """Days are counted from the epoch; a line's day is nearly always that of the one before."""
    return f"{alias}-{datetime.fromtimestamp(number * DAY_SECONDS, UTC):%Y.%m.%d}"

"""What `--fault` says: NAME[=VALUE]@SERVICE[/route][~SHARE].

Owns the grammar and the refusals. Leaves to the project's fault hook which names exist and what they do.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from seatrial.errors import UsageError

GRAMMAR = "NAME[=VALUE]@SERVICE[/route][~SHARE]"
EXAMPLES = "latency=0.5@SERVICE, errors=0.02@SERVICE/v1/things~0.5"
_SHAPE = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*)(=(?P<value>[^@]+))?@(?P<service>[a-z][a-z0-9-]*)(?P<route>/[^~]*)?(~(?P<share>.+))?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """`value` means what the fault says it means; `route` None is every route; `share` of requests in (0, 1]."""

    name: str
    service: str
    value: float | None = None
    route: str | None = None
    share: float = 1.0

    def document(self) -> dict[str, Any]:
        """As the fault hook is told."""
        return asdict(self)


def parse_fault(text: str, services: Collection[str]) -> Fault:
    """Read one `--fault`. Raises UsageError naming the part that is wrong."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise UsageError(f"--fault {text!r} is not {GRAMMAR}. Examples: {EXAMPLES}.")
    if found["service"] not in services:
        raise UsageError(f"--fault {text!r}: there is no service {found['service']!r}. Known: {', '.join(services)}.")
    share = _number(text, "share", found["share"])
    if share is not None and not 0 < share <= 1:
        raise UsageError(f"--fault {text!r}: the share {share:g} is not above 0 and at most 1.")
    value = _number(text, "value", found["value"])
    return Fault(found["name"], found["service"], value, found["route"], 1.0 if share is None else share)


def _number(text: str, part: str, written: str | None) -> float | None:
    if written is None:
        return None
    try:
        number = float(written)
    except ValueError:
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise UsageError(f"--fault {text!r}: the {part} {written!r} is no number of at least 0.")
    return number

from __future__ import annotations

import pytest

from seatrial.errors import UsageError
from seatrial.faults import Fault, parse_fault

SERVICES = ("front", "back")


@pytest.mark.parametrize(
    "text,fault",
    [
        ("hang@back", Fault("hang", "back")),
        ("latency=0.5@back", Fault("latency", "back", 0.5)),
        ("errors=0.02@front~0.5", Fault("errors", "front", 0.02, share=0.5)),
        ("latency=1@back/v1/things/{id}", Fault("latency", "back", 1.0, "/v1/things/{id}")),
        ("drop-logs=0.1@back/v1/things~0.25", Fault("drop-logs", "back", 0.1, "/v1/things", 0.25)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_part_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text, SERVICES) == fault


@pytest.mark.parametrize(
    "text,part",
    [
        ("", "is not NAME"),
        ("latency", "is not NAME"),
        ("latency=@back", "is not NAME"),
        ("latency=0.5@nowhere", "no service 'nowhere'"),
        ("latency=fast@back", "the value 'fast'"),
        ("latency=-1@back", "the value '-1'"),
        ("latency=inf@back", "the value 'inf'"),
        ("hang@back~0", "the share 0"),
        ("hang@back~1.5", "the share 1.5"),
        ("hang@back~x", "the share 'x'"),
    ],
)
def test_what_is_wrong_is_named(text: str, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        parse_fault(text, SERVICES)

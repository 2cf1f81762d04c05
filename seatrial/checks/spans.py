"""Whether the spans of one trace can have happened: each within the one that caused it, the first within the client's.

All clocks of a stack are one machine's, so what is left is the time between two readings of the clock. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial.checks.inputs import ClientRow

# A line is written some time after what it tells of has ended: the most that busy threads were seen to take, and some more.
LATE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """A request that was `served`, or a call that was made: by `service`, from `begin` to `end` in epoch seconds.

    `span` is its own, of a call the one that was sent; `parent` the one that caused it.
    """

    trace: str
    service: str
    span: str
    parent: str
    served: bool
    begin: float
    end: float


def inconsistencies(row: ClientRow, spans: Sequence[Span], entry: str) -> Iterator[str]:
    """What cannot be, in words."""
    served = {span.span: span for span in spans if span.served}
    calls = {span.span: span for span in spans if not span.served}
    for span in spans:
        cause = calls.get(span.parent) if span.served else served.get(span.parent)
        if cause is not None and (fault := _outside(span, cause)):
            yield fault
        if span.served and span.service == entry and span.parent == row.span and row.seconds > 0:
            sent = Span(row.trace, "the client", row.span, "", False, row.started, row.started + row.seconds)
            if row.outcome == "ok" and (fault := _outside(span, sent)):
                yield fault


def _outside(span: Span, cause: Span) -> str:
    early, late = cause.begin - span.begin, span.end - cause.end
    if early > LATE_SECONDS:
        return f"{span.service} began {early:.2f} s before {cause.service} asked it"
    # Who gave up waiting is outlived by what it asked for, for as long as that takes.
    if late > LATE_SECONDS and span.end - span.begin <= cause.end - cause.begin + LATE_SECONDS:
        return f"{span.service} ended {late:.2f} s after {cause.service} had its answer"
    return ""

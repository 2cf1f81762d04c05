"""W3C Trace Context: `traceparent` parsed strictly, made, and written for the next hop; `tracestate` passed on. Pure, no I/O.

Source: https://www.w3.org/TR/trace-context/. Who holds the current one is `exchange`'s part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import getrandbits

HEADER = "traceparent"
STATE_HEADER = "tracestate"
_STATE_LIMIT = 512  # characters that everybody must be able to pass on
_SAMPLED = 0x01
# Two hex digits of version, 32 of trace id, 16 of parent id, two of flags; a later version may add fields after a dash.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
# Of tracestate only what it may consist of: it is others' and passes unread.
_TRACESTATE = re.compile(r"[\x20-\x7e\t]*[=][\x20-\x7e\t]*", re.ASCII)
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a trace; ids in lower-case hex, `parent_id` None at the root; `state` is the caller's `tracestate`."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    state: str = ""

    def header(self) -> str:
        """The `traceparent` that makes this span the parent of whoever receives it."""
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.sampled else 0:02x}"

    def headers(self) -> dict[str, str]:
        """What goes to whoever is called under this span."""
        onward = {HEADER: self.header()}
        return {**onward, STATE_HEADER: self.state} if self.state else onward

    def child(self) -> Span:
        """A new span below this one, in the same trace."""
        return Span(self.trace_id, new_span_id(), self.span_id, self.sampled, self.state)


def parse(header: str | None) -> Span | None:
    """The caller's span, or None when the header is absent or invalid: then the specification asks for a new trace."""
    match = _TRACEPARENT.fullmatch(header) if header else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest is not None) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return Span(trace_id, span_id, None, bool(int(flags, 16) & _SAMPLED))


def receive(header: str | None, state: str | None = None) -> Span:
    """This service's own span: below the caller's when it sent a valid header, else the root of a new trace.

    `state` belongs to the caller's trace, so it is dropped with an invalid header; longer or other than it may be, it is dropped too.
    """
    caller = parse(header)
    if caller is None:
        return Span(new_trace_id(), new_span_id())
    return replace(caller.child(), state=_passed_on(state or ""))


def _passed_on(state: str) -> str:
    return state if len(state) <= _STATE_LIMIT and _TRACESTATE.fullmatch(state) else ""


def new_trace_id() -> str:
    """128 random bits, never all zero."""
    return f"{getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """64 random bits, never all zero."""
    return f"{getrandbits(64) or 1:016x}"

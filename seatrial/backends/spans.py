"""The documents of chosen traces as spans: who served or called, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seatrial.backends.elasticsearch import Documents
from seatrial.backends.log_keys import CALLED, SERVED, LogKeys
from seatrial.backends.log_layout import UNITS
from seatrial.checks.spans import Span
from seatrial.project.telemetry import Duration
from seatrial.ship.lines import moment

# As many traces are asked for at once.
TRACES = 500


def spans_of(
    documents: Documents,
    keys: Mapping[str, LogKeys],
    services: Mapping[str, str],
    traces: Sequence[str],
    columns: Sequence[str],
) -> list[Span]:
    """Every request and call in the traces. `services` tells whose document an id is; `columns` are fields with doc values.

    Raises BackendError.
    """
    names = {each.roles.trace for each in keys.values() if each.roles.trace}
    found: list[Span] = []
    for name in sorted(names):
        for at in range(0, len(traces), TRACES):
            query = {"terms": {name: list(traces[at : at + TRACES])}}
            for document in documents.all(columns, query):
                service = services.get(document.id, "")
                if service in keys and keys[service].roles.trace == name:
                    found += _span(keys[service], service, document.fields)
    return found


def _span(keys: LogKeys, service: str, fields: Mapping[str, Any]) -> Iterator[Span]:
    kind, roles = keys.kind(fields), keys.roles
    end, seconds = moment(fields.get(roles.timestamp or "")), _seconds(fields, roles.duration)
    if kind in {SERVED, CALLED} and end is not None and seconds is not None:
        span, parent = (str(fields.get(name or "", "")) for name in (roles.span, roles.parent))
        yield Span(str(fields.get(roles.trace or "", "")), service, span, parent, kind == SERVED, end - seconds, end)


def _seconds(fields: Mapping[str, Any], duration: Duration | None) -> float | None:
    value = fields.get(duration.field) if duration else None
    return float(value) * UNITS[duration.unit] if duration and value is not None else None

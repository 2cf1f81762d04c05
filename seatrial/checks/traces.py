"""traces.complete: what a request must have touched, by the journeys' own account, has its line in the request's trace.

Owns which traces are looked at. 200 of the successes, drawn with the run's seed, must show every service that their
step names; these and all failures must show, under each answered call, the callee's line. A kill excuses nothing here:
a service writes its line before its answer leaves, so whoever was answered can point at a line.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from seatrial.checks.differences import SERVERS_OWN
from seatrial.checks.figures import figure, shortened
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import AnsweredCall, ClientRow, RequestLine, TraceLines

NAME = "traces.complete"
SAMPLED = 200
KEPT = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """The requests whose traces are looked at: some successes, and everything that did not end well."""

    sampled: Sequence[ClientRow] = ()
    failed: Sequence[ClientRow] = ()


def choose(rows: Sequence[ClientRow], seed: int) -> Chosen:
    """All failures and `SAMPLED` successes, in equal parts of all steps as far as they reach, and one of each at least."""
    good = [row for row in rows if row.outcome == "ok" and row.key.status.startswith("2")]
    random = np.random.default_rng([seed, zlib.crc32(NAME.encode())])
    drawn: Counter[str] = Counter()
    turns: list[tuple[int, int, ClientRow]] = []
    for place in random.permutation(len(good)).tolist():
        row = good[place]
        turns.append((drawn[row.step], len(turns), row))
        drawn[row.step] += 1
    turns.sort(key=lambda turn: turn[:2])
    sampled = [row for _, _, row in turns[: max(SAMPLED, len(drawn))]]
    return Chosen(sampled, [row for row in rows if row.outcome != "ok"])


def traces_complete(
    chosen: Chosen,
    expected: Mapping[str, Sequence[str]],
    lines: TraceLines | None,
    entry_lines: Iterable[RequestLine],
    *,
    logged: AbstractSet[str],
    entry: str,
    obstacle: str,
) -> Finding:
    """`expected` are the services by step, `lines` what the logs say of the chosen traces, `logged` who has a log.

    `obstacle` says why the logs may not be used, or is empty.
    """
    obstacle = obstacle or _groundless(chosen, expected, lines, logged)
    if obstacle or lines is None:
        return Finding(NAME, Verdict.INCONCLUSIVE, obstacle)
    own = {(line.trace, line.parent) for line in entry_lines}
    others = {step: [service for service in services if service != entry] for step, services in expected.items()}
    missing = [
        *(fault for row in chosen.sampled for fault in _untouched(row, others.get(row.step, ()), lines)),
        *(_named(row, f"no line of {entry} for the request itself") for row in _unheard(chosen, own)),
        *_unmet(chosen, lines.unmet),
    ]
    count = len(chosen.sampled) + len(chosen.failed)
    if missing:
        reason = shortened(missing)
        evidence = {"missing": missing[:KEPT]}
        return Finding(
            NAME,
            Verdict.FAIL,
            reason,
            value=float(len(missing)),
            limit=0.0,
            unit="lines",
            samples=count,
            evidence=evidence,
        )
    if not chosen.sampled:
        reason = f"no request succeeded; the traces of {figure(count)} failures hold what was answered in them"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason, samples=count)
    return Finding(
        NAME, Verdict.PASS, _whole(chosen, expected, lines), value=0.0, limit=0.0, unit="lines", samples=count
    )


def _groundless(
    chosen: Chosen, expected: Mapping[str, Sequence[str]], lines: TraceLines | None, logged: AbstractSet[str]
) -> str:
    if lines is None:
        return "the logs could not be read"
    if not chosen.sampled and not chosen.failed:
        return "no request succeeded or failed, so there is no trace to look at"
    if not any(expected.values()):
        return "no step names the services that its success must touch"
    unknown = sorted({service for services in expected.values() for service in services} - logged)
    return f"steps name services that have no log: {', '.join(unknown)}" if unknown else ""


def _untouched(row: ClientRow, services: Sequence[str], lines: TraceLines) -> Iterator[str]:
    there = lines.served.get(row.trace, frozenset())
    return (_named(row, f"no line of {service}") for service in services if service not in there)


def _unheard(chosen: Chosen, own: AbstractSet[tuple[str, str]]) -> Iterator[ClientRow]:
    """Requests that the application answered, without a line of it for their span."""
    for row in (*chosen.sampled, *chosen.failed):
        status = row.key.status
        if (row.trace, row.span) not in own and status and (row.outcome == "ok" or status not in SERVERS_OWN):
            yield row


def _unmet(chosen: Chosen, calls: Iterable[AnsweredCall]) -> Iterator[str]:
    """Answered calls without their callee's line, but for answers that a server may have given in front of the app."""
    rows = {row.trace: row for row in (*chosen.sampled, *chosen.failed)}
    for call in calls:
        if call.status not in SERVERS_OWN:
            said = (
                f"{call.caller} was answered {call.status} by {call.callee}, which has no line under span {call.span}"
            )
            yield _named(rows[call.trace], said)


def _named(row: ClientRow, said: str) -> str:
    return f"trace {row.trace}, {row.step}: {said}"


def _whole(chosen: Chosen, expected: Mapping[str, Sequence[str]], lines: TraceLines) -> str:
    steps = {row.step for row in chosen.sampled}
    silent = sorted(step for step in steps if not expected.get(step))
    unnamed = f"; no services are named for {', '.join(silent)}" if silent else ""
    looked = f"{figure(len(chosen.sampled))} successes of {len(steps)} steps and {figure(len(chosen.failed))} failures"
    return f"the traces of {looked} are whole, with {figure(lines.calls)} answered calls{unnamed}"

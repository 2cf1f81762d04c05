"""reconcile.elasticsearch, telemetry.lag.<percentile>, traces.documents: each line is there once, soon, and says the same.

Ids are compared as sets, every one of them: a number of distinct values that a server estimates proves nothing, and within
one index a double cannot exist. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seatrial.checks.figures import figure, shortened
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ClientRow, RequestKey, ServiceCounts, StepSamples
from seatrial.checks.limits import Judged, judge_limits
from seatrial.checks.spans import Span, inconsistencies
from seatrial.checks.traces import Chosen

RECONCILE = "reconcile.elasticsearch"
LAG = "telemetry.lag"
TRACES = "traces.documents"
SHOWN_CHARACTERS = 160
KEPT = 100
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not become a document: a dead letter."""

    service: str
    event_id: str
    reason: str
    line: str = ""

    def __str__(self) -> str:
        return f"{self.service}: {self.reason[:SHOWN_CHARACTERS]} ({self.event_id or self.line[:SHOWN_CHARACTERS]!r})"


@dataclass(frozen=True, slots=True)
class Probe:
    """A line that was asked for: when it was written and when a search found it, in epoch seconds; None: not until `until`."""

    service: str
    written: float
    found: float | None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Shipped:
    """What became of the lines on disk. `obstacle` says why the pipeline could not be asked.

    `lines` are distinct ids on disk, `acknowledged` those before the shipper's positions, by service; `documents` what
    Elasticsearch has. `lost` are acknowledged lines without document or letter, `unshipped` others without; `letters` lines
    that were refused; `doubled` ids in several indices, with these; `unknown` documents that no line on disk has; `repeated`
    ids that several lines have. `unsound` counts lines without an id that are no letters either.

    `requests` counts documents of requests between the readings, per service. `lacks` are the server's missing features,
    `said` the shipper's last words.
    """

    obstacle: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    documents: int = 0
    lost: Sequence[str] = ()
    unshipped: Sequence[str] = ()
    letters: Sequence[Refused] = ()
    doubled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    repeated: Sequence[str] = ()
    unsound: int = 0
    requests: Mapping[str, Counter[RequestKey]] = field(default_factory=dict)
    written: Mapping[str, Counter[RequestKey]] = field(default_factory=dict)
    spans: Sequence[Span] = ()
    probes: Sequence[Probe] = ()
    lacks: Sequence[str] = ()
    said: str = ""


def reconcile_elasticsearch(shipped: Shipped, counts: Mapping[str, ServiceCounts], *, unquiet: str) -> Finding:
    """`counts` are what the services counted between the readings; `unquiet` says why these may not be used."""
    total = sum(shipped.lines.values())
    if shipped.obstacle:
        return Finding(RECONCILE, Verdict.INCONCLUSIVE, shipped.obstacle)
    faults = [*_lines(shipped), *([] if unquiet else _requests(shipped, counts))]
    columns = {"services": _by_service(shipped, counts), "requests": _by_request(shipped, counts)}
    if faults:
        evidence = {
            **columns,
            "faults": faults[:KEPT],
            "lost": list(shipped.lost[:KEPT]),
            "unshipped": list(shipped.unshipped[:KEPT]),
            "dead_letters": [str(each) for each in shipped.letters[:KEPT]],
            "doubled": {id_: list(indices) for id_, indices in list(shipped.doubled.items())[:KEPT]},
        }
        reason = shortened(faults)
        return Finding(
            RECONCILE,
            Verdict.FAIL,
            reason,
            float(_wrong(shipped)),
            limit=0.0,
            unit="lines",
            samples=total,
            evidence=evidence,
        )
    if unquiet or not total:
        reason = unquiet or "no line was written"
        return Finding(RECONCILE, Verdict.INCONCLUSIVE, reason, samples=total, evidence=columns)
    twice = f"; {len(shipped.repeated)} lines stand twice on disk, and once there" if shipped.repeated else ""
    reason = f"{figure(total)} lines, each one document{twice}"
    return Finding(RECONCILE, Verdict.PASS, reason, 0.0, limit=0.0, unit="lines", samples=total, evidence=columns)


def _by_service(shipped: Shipped, counts: Mapping[str, ServiceCounts]) -> list[dict[str, object]]:
    """Per service: requests between the readings as counted, logged and documents; all lines of the run, and those acknowledged."""
    return [
        {
            "service": service,
            "counted": None
            if service not in counts or counts[service].unreadable
            else counts[service].requests.total(),
            "logged": shipped.written.get(service, Counter()).total(),
            "documents": shipped.requests.get(service, Counter()).total(),
            "lines": lines,
            "acknowledged": shipped.acknowledged.get(service, 0),
        }
        for service, lines in shipped.lines.items()
    ]


def _by_request(shipped: Shipped, counts: Mapping[str, ServiceCounts]) -> list[list[object]]:
    """Service, method, route, status, then counted, logged, documents: between the readings."""
    rows: list[list[object]] = []
    for service in shipped.lines:
        counted = counts[service].requests if service in counts else Counter[RequestKey]()
        logged, there = shipped.written.get(service, Counter()), shipped.requests.get(service, Counter())
        rows += [[service, *key, counted[key], logged[key], there[key]] for key in sorted({*counted, *logged, *there})]
    return rows[:MOST_ROWS]


def _wrong(shipped: Shipped) -> int:
    parts = (shipped.lost, shipped.unshipped, shipped.letters, shipped.doubled, shipped.unknown)
    return sum(len(part) for part in parts) + shipped.unsound


def _lines(shipped: Shipped) -> Iterator[str]:
    if shipped.lost:
        yield f"{_lines_of(len(shipped.lost))} lost: acknowledged, and not there, as {_examples(shipped.lost)}"
    if shipped.unshipped:
        said = f"; the shipper said last: {shipped.said}" if shipped.said else ""
        yield f"{_lines_of(len(shipped.unshipped))} not shipped in time, as {_examples(shipped.unshipped)}{said}"
    if shipped.letters:
        yield f"{_lines_of(len(shipped.letters))} dead letters, as {shipped.letters[0]}"
    if shipped.doubled:
        id_, indices = next(iter(shipped.doubled.items()))
        yield f"{len(shipped.doubled)} event ids have two documents, as {id_} in {' and '.join(indices)}"
    if shipped.unknown:
        yield f"{len(shipped.unknown)} documents have no line on disk, as {_examples(shipped.unknown)}"
    if shipped.unsound:
        yield f"{_lines_of(shipped.unsound)} without an id, and no dead letters either"


def _lines_of(number: int) -> str:
    return "1 line" if number == 1 else f"{figure(number)} lines"


def _examples(ids: Sequence[str]) -> str:
    return ", ".join(ids[:2])


def _requests(shipped: Shipped, counts: Mapping[str, ServiceCounts]) -> Iterator[str]:
    """Counters, lines and documents of each service, by method, route and status."""
    for service, count in counts.items():
        if service not in shipped.lines or count.unreadable:
            continue
        there = shipped.requests.get(service, Counter())
        for key in sorted({*count.requests, *there}):
            excused = count.reset and there[key] > count.requests[key]
            if count.requests[key] != there[key] and not excused:
                yield f"{service}: {key}: {count.requests[key]} requests counted, {there[key]} documents"


def telemetry_lag(
    limits: Mapping[str, float], shipped: Shipped, judged: Judged, began: float, *, obstacle: str
) -> list[Finding]:
    """A finding per percentile of the time from written to found, by the decision rule of latencies.

    `began` is when judged load began; a line that was never found counts with the time that it was waited for.
    """
    samples = lag_samples(shipped.probes, began)
    within = np.isin(samples.window, np.asarray(judged.seconds))
    chosen = StepSamples(LAG, samples.latency_seconds[within], samples.window[within], samples.ok[within])
    own = Judged({LAG: chosen}, judged.seconds, judged.seed)
    found = judge_limits({LAG: limits}, own, obstacle=shipped.obstacle or obstacle)
    return [replace(each, name=each.name.removeprefix("latency.")) for each in found]


def lag_samples(probes: Sequence[Probe], began: float) -> StepSamples:
    """Seconds from written to found, by the second after `began` in which the line was written."""
    lag = np.array(
        [(probe.until if probe.found is None else probe.found) - probe.written for probe in probes], dtype=np.float64
    )
    window = np.array([int(np.floor(probe.written - began)) for probe in probes], dtype=np.int64)
    return StepSamples(LAG, lag, window, np.array([probe.found is not None for probe in probes], dtype=np.bool_))


def traces_documents(
    chosen: Chosen, expected: Mapping[str, Sequence[str]], shipped: Shipped, *, entry: str, obstacle: str
) -> Finding:
    """The same requests as `traces.complete`, by the documents alone: all services of the path, in a possible order of time."""
    rows = [*chosen.sampled, *chosen.failed]
    obstacle = (
        shipped.obstacle
        or obstacle
        or ("" if rows else "no request succeeded or failed, so there is no trace to look at")
    )
    if obstacle:
        return Finding(TRACES, Verdict.INCONCLUSIVE, obstacle)
    by_trace: dict[str, list[Span]] = {}
    for span in shipped.spans:
        by_trace.setdefault(span.trace, []).append(span)
    faults = [fault for row in chosen.sampled for fault in _missing(row, expected.get(row.step, ()), by_trace)]
    faults += [
        f"trace {row.trace}, {row.step}: {fault}"
        for row in rows
        for fault in inconsistencies(row, by_trace.get(row.trace, ()), entry)
    ]
    if faults:
        evidence = {"faults": faults[:KEPT]}
        return Finding(
            TRACES, Verdict.FAIL, shortened(faults), float(len(faults)), limit=0.0, samples=len(rows), evidence=evidence
        )
    if not chosen.sampled:
        return Finding(TRACES, Verdict.INCONCLUSIVE, "no request succeeded", samples=len(rows))
    reason = f"{figure(len(shipped.spans))} documents of {figure(len(rows))} requests are on their paths, and in order"
    return Finding(TRACES, Verdict.PASS, reason, 0.0, limit=0.0, samples=len(rows))


def _missing(row: ClientRow, services: Sequence[str], by_trace: Mapping[str, Sequence[Span]]) -> Iterator[str]:
    there = {span.service for span in by_trace.get(row.trace, ()) if span.served}
    for service in services:
        if service not in there:
            yield f"trace {row.trace}, {row.step}: no document of {service}"

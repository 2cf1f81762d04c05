"""From evidence to judgement: the list of all checks.

Owns which check gets what, and what becomes of checks whose ground is missing. Leaves collecting to
seatrial.evidence and every decision to seatrial.checks. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from seatrial.checks.alerts import SILENT, Fired, alerts_silent
from seatrial.checks.auth import auth_planned
from seatrial.checks.ceilings import CEILINGS, SLOPES, judge_ceilings, judge_slopes
from seatrial.checks.differences import Difference, merge
from seatrial.checks.drain import drain_clean
from seatrial.checks.figures import shortened
from seatrial.checks.finding import Finding, Verdict, overall
from seatrial.checks.inputs import EdgeLines, ServiceCounts, ServiceLog
from seatrial.checks.invariants import invariants
from seatrial.checks.limits import judge_limits
from seatrial.checks.load import load_shed, load_valid
from seatrial.checks.log_errors import log_errors
from seatrial.checks.metrics import metrics_wellformed
from seatrial.checks.panels import ANSWERED, Panels, panels_answered
from seatrial.checks.pipeline import LAG, RECONCILE, TRACES, reconcile_elasticsearch, telemetry_lag, traces_documents
from seatrial.checks.reconcile_client import reconcile_client
from seatrial.checks.reconcile_edges import reconcile_edges
from seatrial.checks.reconcile_logs import reconcile_logs
from seatrial.checks.reconcile_prometheus import reconcile_prometheus
from seatrial.checks.restarts import restarts_unplanned
from seatrial.checks.scrapes import scrapes_continuous
from seatrial.checks.traces import traces_complete
from seatrial.evidence import Evidence
from seatrial.terms import FULL, Dims, attempts_told, comparable, lines_told, requests_told, rows_told, shared


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check that nobody asked for, and why it could not have been made."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings in the order of the checks, what was not checked, and every difference between counts."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> Verdict:
        """FAIL over INCONCLUSIVE over PASS; INCONCLUSIVE over nothing."""
        return overall(self.findings)


def judge(evidence: Evidence) -> Judgement:
    """Make every check that was asked for."""
    valid = load_valid(evidence.generator, evidence.validity)
    client = _client(evidence)
    edges = _edges(evidence)
    findings = [
        valid,
        load_shed(evidence.generator, evidence.validity),
        *judge_limits(evidence.limits, evidence.judged, obstacle=_unless_passed(valid)),
        *client[0],
        *edges[0],
        *_traces(evidence),
        *_telemetry(evidence),
        *_pipeline(evidence, _unless_passed(valid)),
        auth_planned(evidence.rows, evidence.right),
        *_restarts(evidence),
        *_drain(evidence),
        *_ceilings(evidence, _unless_passed(valid)),
        *_alerts(evidence, _unless_passed(valid)),
        *([] if evidence.panels is None else [panels_answered(evidence.panels, obstacle=_unless_passed(valid))]),
        *_invariants(evidence),
    ]
    return Judgement(tuple(findings), tuple(_not_checked(evidence)), tuple(merge([*client[1], *edges[1]])))


def _unless_passed(valid: Finding) -> str:
    return "" if valid.verdict is Verdict.PASS else f"the load is not valid: {valid.reason}"


def _client(evidence: Evidence) -> tuple[list[Finding], tuple[Difference, ...]]:
    """By the entry's counters; by its log lines where it has none."""
    if not evidence.asked.makes("reconcile.client"):
        return [], ()
    own, logs = evidence.asked.of(evidence.entry), evidence.logs
    dims = shared(own.requests) if own.requests is not None else shared(own.request_lines)
    lines = None
    if logs is not None and own.traced and own.request_lines is not None and own.request_lines >= dims:
        lines = lines_told(logs.entry_lines, dims)
    found = reconcile_client(
        rows_told((row for row in evidence.rows if row.key.route not in own.ignored), dims),
        lines,
        _entry_counts(evidence, dims),
        shed=evidence.generator.shed if evidence.generator else 0,
        obstacle=evidence.unquiet,
    )
    finding = found.finding
    if own.requests is None:
        finding = replace(
            finding, reason=f"by the log lines of {evidence.entry}, which counts nothing: {finding.reason}"
        )
    return [finding], found.differences


def _entry_counts(evidence: Evidence, dims: Dims) -> ServiceCounts:
    entry, unread = evidence.entry, ServiceCounts(unreadable="it is in no reading")
    if evidence.asked.of(entry).requests is not None:
        counts = evidence.counts.get(entry, unread)
        return replace(counts, requests=requests_told(counts.requests, dims))
    log = evidence.logs.services.get(entry) if evidence.logs else None
    if log is None:
        return replace(unread, unreadable=evidence.logs_obstacle or unread.unreadable)
    return ServiceCounts(requests_told(log.requests, dims))


def _edges(evidence: Evidence) -> tuple[list[Finding], tuple[Difference, ...]]:
    if not evidence.asked.makes("reconcile.edges"):
        return [], ()
    counts, logs, lines = _edges_told(evidence)
    found = reconcile_edges(
        counts,
        logs,
        lines,
        entry=evidence.entry,
        judged=evidence.asked.edges,
        obstacle=evidence.unquiet or evidence.logs_obstacle,
    )
    return [found.finding], found.differences


def _edges_told(
    evidence: Evidence,
) -> tuple[Mapping[str, ServiceCounts], Mapping[str, ServiceLog], EdgeLines | None]:
    """Both ends of all edges in the terms of all, and the logs as far as they know these terms."""
    asked, logs = evidence.asked, evidence.logs
    terms = [asked.of(service) for service in evidence.counts]
    dims = shared(*(dims for own in terms for dims in (own.requests, own.attempts)))
    services, lines = (logs.services, logs.edges) if logs else ({}, None)
    if dims != FULL:
        lines = None  # pairs are made by whole keys
    counts = {
        service: replace(
            count,
            requests=requests_told(count.requests, dims) if asked.of(service).requests is not None else Counter(),
            attempts=attempts_told(count.attempts, dims),
        )
        for service, count in evidence.counts.items()
    }
    known = {name for name in services if shared(asked.of(name).request_lines, asked.of(name).attempt_lines) >= dims}
    told_logs = {
        name: replace(log, requests=requests_told(log.requests, dims), attempts=attempts_told(log.attempts, dims))
        for name, log in services.items()
        if name in known
    }
    return counts, told_logs, lines


def _traces(evidence: Evidence) -> Iterator[Finding]:
    if not _traces_unasked(evidence):
        logs, asked = evidence.logs, evidence.asked
        yield traces_complete(
            evidence.chosen,
            {step: [each for each in named if asked.of(each).traced] for step, named in evidence.expected.items()},
            logs.traces if logs else None,
            logs.entry_lines if logs else (),
            logged=frozenset(logs.services if logs else ()),
            entry=evidence.entry,
            obstacle=evidence.unquiet or evidence.logs_obstacle,
        )


def _traces_unasked(evidence: Evidence) -> str:
    """Why nobody asked for whole traces; empty when somebody did."""
    if not evidence.asked.makes("traces.complete"):
        return evidence.asked.absent["traces.complete"]
    if evidence.expected and not any(evidence.expected.values()):
        return "no step names the services that its success must touch"
    return ""


def _telemetry(evidence: Evidence) -> Iterator[Finding]:
    """What the fleet says of itself, and whether it was kept."""
    asked = evidence.asked
    logs = evidence.logs.services if evidence.logs else None
    if asked.makes("reconcile.logs"):
        counts, told_logs = comparable(evidence.counts, logs or {}, asked.terms)
        counts = {service: count for service, count in counts.items() if asked.of(service).log}
        yield reconcile_logs(
            counts,
            None if logs is None else told_logs,
            obstacle=evidence.unquiet or evidence.logs_obstacle,
            compared=any(own.compares for own in asked.terms.values()) or not asked.terms,
        )
    if asked.makes("logs.errors"):
        yield log_errors(logs, obstacle=evidence.logs_obstacle)
    if asked.makes("metrics.wellformed"):
        yield metrics_wellformed(evidence.endpoints)
    if asked.makes("reconcile.prometheus"):
        yield reconcile_prometheus(evidence.raw, evidence.stored, obstacle=evidence.unquiet)
    if asked.makes("scrapes.continuous"):
        yield scrapes_continuous(evidence.scraped, evidence.scrapes, evidence.outages)


def _pipeline(evidence: Evidence, obstacle: str) -> Iterator[Finding]:
    """What became of the log lines, when a pipeline was asked for."""
    shipped, asked = evidence.shipped, evidence.asked
    if shipped is None:
        return
    counts = {
        service: count
        for service, count in evidence.counts.items()
        if asked.of(service).requests is not None and asked.of(service).request_lines == asked.of(service).requests
    }
    yield reconcile_elasticsearch(shipped, counts, unquiet=evidence.unquiet)
    if evidence.lag_limits:
        yield from telemetry_lag(evidence.lag_limits, shipped, evidence.judged, evidence.began, obstacle=obstacle)
    if not _traces_unasked(evidence):
        expected = {
            step: [each for each in named if asked.of(each).traced] for step, named in evidence.expected.items()
        }
        yield traces_documents(evidence.chosen, expected, shipped, entry=evidence.entry, obstacle=evidence.unquiet)


def _restarts(evidence: Evidence) -> list[Finding]:
    """By what the processes say of their start; by the stack's watch alone of those that say nothing."""
    if not evidence.asked.makes("restarts.unplanned"):
        return []
    starting = evidence.asked.starting
    silent = [name for name in evidence.instances if starting is not None and _service(name) not in starting]
    found = restarts_unplanned(
        evidence.starts_before,
        evidence.starts_after,
        expected=[name for name in evidence.instances if name not in silent],
        watched=silent if evidence.watched else (),
        planned=[outage.instance for outage in evidence.outages],
        exits=evidence.exits,
    )
    return [found]


def _service(instance: str) -> str:
    return instance.rpartition("-")[0]


def _drain(evidence: Evidence) -> list[Finding]:
    return [] if evidence.stops is None else [drain_clean(evidence.stops, expected=evidence.instances)]


def _ceilings(evidence: Evidence, obstacle: str) -> list[Finding]:
    measured = evidence.measured
    if measured is None:
        names = [f"{CEILINGS}.{service}" for service in evidence.ceilings]
        names += [f"{SLOPES}.{service}" for service in evidence.slopes]
        return [Finding(name, Verdict.INCONCLUSIVE, evidence.unquiet) for name in names]
    return [
        *judge_ceilings(evidence.ceilings, measured, obstacle=obstacle),
        *judge_slopes(evidence.slopes, measured, obstacle=obstacle),
    ]


def _alerts(evidence: Evidence, obstacle: str) -> list[Finding]:
    """Of a run that nothing was done to."""
    fired = evidence.fired
    return [] if fired is None or fired.excuse else [alerts_silent(fired, obstacle=obstacle)]


def _invariants(evidence: Evidence) -> list[Finding]:
    hook = evidence.invariants
    return invariants(hook.document, obstacle=hook.obstacle) if hook.asked else []


def _not_checked(evidence: Evidence) -> Iterator[NotChecked]:
    yield from (NotChecked(name, reason) for name, reason in evidence.unasked.items())
    told = {name.split(".")[1] for name in evidence.unasked}
    for step in sorted({*evidence.judged.steps} - {*evidence.limits} - told):
        yield NotChecked(f"latency.{step}", "no objective and no limit of the profile is about it")
    asked, unasked = evidence.asked, _traces_unasked(evidence)
    reasons = {
        "latency, errors, rate": "" if evidence.limits else "no objective asks it, and the profile sets no limit",
        CEILINGS: "" if evidence.ceilings else "the profile sets none",
        SLOPES: "" if evidence.slopes else "the profile sets none",
        **_grouped(asked.absent),
        **dict(asked.partly),
        **({"traces.complete": unasked} if asked.makes("traces.complete") else {}),
        **_pipeline_unasked(evidence),
        SILENT: _alerts_unasked(evidence.fired),
        ANSWERED: _panels_unasked(evidence.panels),
        "drain.clean": evidence.undrained if evidence.stops is None else "",
        "invariants": "" if evidence.invariants.asked else "the project names no invariants hook",
    }
    yield from (NotChecked(name, reason) for name, reason in (*reasons.items(), *evidence.notes) if reason)


def _alerts_unasked(fired: Fired | None) -> str:
    if fired is None:
        return "the project has no alerts"
    return f"{fired.excuse}; fired: {shortened(fired.alerts) or 'none'}" if fired.excuse else ""


def _panels_unasked(panels: Panels | None) -> str:
    """Also the part of a check that is made."""
    if panels is None:
        return "the project has no dashboards"
    return "; ".join(f"{count} queries: {reason}" for reason, count in panels.unasked.items())


def _pipeline_unasked(evidence: Evidence) -> dict[str, str]:
    if evidence.shipped is None:
        return {f"{RECONCILE}, {LAG}, {TRACES}": "no log pipeline was asked for (--with elasticsearch)"}
    return {LAG: "" if evidence.lag_limits else "the profile sets no limit"}


def _grouped(absent: Mapping[str, str]) -> dict[str, str]:
    """Checks that lack the same thing in one line."""
    reasons = dict.fromkeys(absent.values())
    return {", ".join(name for name in absent if absent[name] == reason): reason for reason in reasons}

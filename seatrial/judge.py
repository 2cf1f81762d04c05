"""From evidence to judgement: the list of all checks.

Owns which check gets what, and what becomes of checks whose ground is missing. Leaves collecting to
seatrial.evidence and every decision to seatrial.checks. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seatrial.checks.auth import auth_planned
from seatrial.checks.ceilings import CEILINGS, SLOPES, judge_ceilings, judge_slopes
from seatrial.checks.differences import Difference, merge
from seatrial.checks.drain import drain_clean
from seatrial.checks.finding import Finding, Verdict, overall
from seatrial.checks.inputs import ServiceCounts
from seatrial.checks.invariants import invariants
from seatrial.checks.limits import judge_limits
from seatrial.checks.load import load_shed, load_valid
from seatrial.checks.log_errors import log_errors
from seatrial.checks.metrics import metrics_wellformed
from seatrial.checks.reconcile_client import reconcile_client
from seatrial.checks.reconcile_edges import reconcile_edges
from seatrial.checks.reconcile_logs import reconcile_logs
from seatrial.checks.reconcile_prometheus import reconcile_prometheus
from seatrial.checks.restarts import restarts_unplanned
from seatrial.checks.scrapes import scrapes_continuous
from seatrial.checks.traces import traces_complete
from seatrial.evidence import Evidence


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
        client[0],
        *edges[0],
        *_traces(evidence),
        *_telemetry(evidence),
        auth_planned(evidence.rows, evidence.right),
        _restarts(evidence),
        *_drain(evidence),
        *_ceilings(evidence, _unless_passed(valid)),
        *_invariants(evidence),
    ]
    return Judgement(tuple(findings), tuple(_not_checked(evidence)), tuple(merge([*client[1], *edges[1]])))


def _unless_passed(valid: Finding) -> str:
    return "" if valid.verdict is Verdict.PASS else f"the load is not valid: {valid.reason}"


def _client(evidence: Evidence) -> tuple[Finding, tuple[Difference, ...]]:
    found = reconcile_client(
        evidence.rows,
        evidence.logs.entry_lines if evidence.logs else None,
        evidence.counts.get(evidence.entry, ServiceCounts(unreadable="it is in no reading")),
        shed=evidence.generator.shed if evidence.generator else 0,
        obstacle=evidence.unquiet,
    )
    return found.finding, found.differences


def _edges(evidence: Evidence) -> tuple[list[Finding], tuple[Difference, ...]]:
    if not evidence.asked.edges:
        return [], ()
    obstacle = evidence.unquiet or evidence.logs_obstacle
    logs = evidence.logs
    found = reconcile_edges(
        evidence.counts,
        logs.services if logs else {},
        logs.edges if logs else None,
        entry=evidence.entry,
        obstacle=obstacle,
    )
    return [found.finding], found.differences


def _traces(evidence: Evidence) -> Iterator[Finding]:
    if not _traces_unasked(evidence):
        logs = evidence.logs
        yield traces_complete(
            evidence.chosen,
            evidence.expected,
            logs.traces if logs else None,
            logs.entry_lines if logs else (),
            logged=frozenset(logs.services if logs else ()),
            entry=evidence.entry,
            obstacle=evidence.unquiet or evidence.logs_obstacle,
        )


def _traces_unasked(evidence: Evidence) -> str:
    """Why nobody asked for whole traces; empty when somebody did."""
    if not evidence.asked.logs:
        return "telemetry.yml gives no log fields a role"
    if evidence.expected and not any(evidence.expected.values()):
        return "no step names the services that its success must touch"
    return ""


def _telemetry(evidence: Evidence) -> Iterator[Finding]:
    """What the fleet says of itself, and whether it was kept."""
    if evidence.asked.logs:
        services = evidence.logs.services if evidence.logs else None
        yield reconcile_logs(evidence.counts, services, obstacle=evidence.unquiet or evidence.logs_obstacle)
        yield log_errors(services, obstacle=evidence.logs_obstacle)
    yield metrics_wellformed(evidence.endpoints)
    if evidence.asked.prometheus:
        yield reconcile_prometheus(evidence.raw, evidence.stored, obstacle=evidence.unquiet)
        yield scrapes_continuous(evidence.instances, evidence.scrapes, evidence.outages)


def _restarts(evidence: Evidence) -> Finding:
    return restarts_unplanned(
        evidence.starts_before,
        evidence.starts_after,
        expected=evidence.instances,
        planned=[outage.instance for outage in evidence.outages],
        exits=evidence.exits,
    )


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


def _invariants(evidence: Evidence) -> list[Finding]:
    hook = evidence.invariants
    return invariants(hook.document, obstacle=hook.obstacle) if hook.asked else []


def _not_checked(evidence: Evidence) -> Iterator[NotChecked]:
    for step in sorted({*evidence.judged.steps} - {*evidence.limits}):
        yield NotChecked(f"latency.{step}", "the profile sets no limit for it")
    asked, unasked = evidence.asked, _traces_unasked(evidence)
    reasons = {
        "latency, errors, rate": "" if evidence.limits else "the profile sets no limit",
        CEILINGS: "" if evidence.ceilings else "the profile sets none",
        SLOPES: "" if evidence.slopes else "the profile sets none",
        "reconcile.edges": "" if asked.edges else "telemetry.yml gives no metric the role client_requests",
        "reconcile.logs, logs.errors": "" if asked.logs else "telemetry.yml gives no log fields a role",
        "traces.complete": unasked,
        "drain.clean": "the fleet was not stopped before the verdict" if evidence.stops is None else "",
        "reconcile.prometheus, scrapes.continuous": "" if asked.prometheus else "the project names no Prometheus",
        "invariants": "" if evidence.invariants.asked else "the project names no invariants hook",
    }
    yield from (NotChecked(name, reason) for name, reason in (*reasons.items(), *evidence.notes) if reason)

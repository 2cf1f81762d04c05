"""What a fleet gives ground for: which checks can be asked of it, of which services, and why the others cannot.

Owns the reasons in words, which a verdict lists outside of itself. Leaves making the checks to seatrial.judge. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from seatrial.project.project import Project
from seatrial.terms import Terms, terms_of

NO_LOG = "there is no log of it within reach: fleet.yml names none, or telemetry.yml gives its fields no role"
NO_METRICS = "fleet.yml names no path of its metrics (admin.metrics)"


@dataclass(frozen=True, slots=True)
class Asked:
    """`absent` are checks that cannot be made, and why; `partly` what is left out of those that are.

    `edges` are the callees whose callers all count, None for whoever is called; `starting` the services whose process
    starts are known.
    """

    absent: Mapping[str, str] = field(default_factory=dict)
    partly: tuple[tuple[str, str], ...] = ()
    terms: Mapping[str, Terms] = field(default_factory=dict)
    edges: frozenset[str] | None = None
    starting: frozenset[str] | None = None

    def makes(self, check: str) -> bool:
        """Whether a check can be made."""
        return check not in self.absent

    def of(self, service: str) -> Terms:
        """In which terms a service tells of its requests."""
        return self.terms.get(service, Terms())


def asked(project: Project, logs: AbstractSet[str], unable: Mapping[str, str]) -> Asked:
    """By the project's files, the services whose log is within reach, and what the stack is `unable` to see."""
    metrics = {name for name in project.fleet.services if project.fleet.admin_of(name).metrics}
    terms = {
        name: terms_of(project.telemetry, name, metrics=name in metrics, log=name in logs)
        for name in project.fleet.services
    }
    edges = _judged_callees(project, terms)
    starting = frozenset(name for name in metrics if project.telemetry.roles_of(name).process_start)
    lacks = [
        *_client(project, terms),
        *_edges(project, edges),
        *_traces(project, terms),
        *_logs(project, terms),
        *_metrics(project, metrics),
        *_restarts(project, starting, unable),
    ]
    absent: dict[str, str] = {}
    for name, reason in lacks:
        if not name.count(" of "):
            absent.setdefault(name, reason)
    return Asked(absent, tuple(lack for lack in lacks if " of " in lack[0]), terms, edges, starting)


def _lacking(check: str, services: Collection[str], project: Project, reason: str) -> Iterator[tuple[str, str]]:
    """The check itself when no service gives ground for it, else what is left out."""
    if len(services) == len(project.fleet.services):
        yield check, reason
    elif services:
        yield f"{check} of {', '.join(services)}", reason


def _client(project: Project, terms: Mapping[str, Terms]) -> Iterator[tuple[str, str]]:
    entry = project.fleet.entry
    if terms[entry].requests is None and terms[entry].request_lines is None:
        reason = f"{entry} counts no requests: it has no metric with the role server_requests, and logs none either"
        yield "reconcile.client", reason


def _judged_callees(project: Project, terms: Mapping[str, Terms]) -> frozenset[str] | None:
    if all(each.requests is not None and each.attempts is not None for each in terms.values()):
        return None
    callers: dict[str, list[str]] = {}
    for name, service in project.fleet.services.items():
        for callee in service.calls:
            callers.setdefault(callee, []).append(name)
    return frozenset(
        callee
        for callee, own in callers.items()
        if terms[callee].requests is not None and all(terms[caller].attempts is not None for caller in own)
    )


def _edges(project: Project, judged: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    called = {callee for service in project.fleet.services.values() for callee in service.calls}
    if not called:
        yield "reconcile.edges", "no service calls another, by fleet.yml"
    if not called or judged is None:
        return
    reason = "it counts no requests (role server_requests), or a caller no attempts (client_requests)"
    left_out = [name for name in project.fleet.services if name in called - judged]
    if not judged:
        yield "reconcile.edges", "no called service counts its requests and has callers that count their attempts"
    elif left_out:
        yield f"reconcile.edges of {', '.join(left_out)}", reason


def _traces(project: Project, terms: Mapping[str, Terms]) -> Iterator[tuple[str, str]]:
    untraced = [name for name in terms if not terms[name].traced]
    reason = "no request line of it with trace and parent (roles of log) is within reach"
    if project.fleet.entry in untraced:
        yield "traces.complete", reason
    elif untraced:
        yield f"traces.complete of {', '.join(untraced)}", reason


def _logs(project: Project, terms: Mapping[str, Terms]) -> Iterator[tuple[str, str]]:
    unlogged = [name for name, own in terms.items() if not own.log]
    yield from _lacking("reconcile.logs", unlogged, project, NO_LOG)
    levels = {name for name in terms if _has_levels(project, name)}
    yield from _lacking(
        "logs.errors", [name for name in terms if name in unlogged or name not in levels], project,
        "no log line of it with a level and error_levels (roles of log) is within reach",
    )  # fmt: skip
    logged = [name for name in terms if name not in unlogged]
    uncounted = [name for name in logged if terms[name].requests is None or terms[name].request_lines is None]
    if uncounted:
        yield f"reconcile.logs, requests of {', '.join(uncounted)}", "it does not both count and log them, by its roles"
    anonymous = [name for name in logged if not _has_event_id(project, name)]
    if anonymous:
        yield f"reconcile.logs, repeated lines of {', '.join(anonymous)}", "no log field has the role event_id"


def _has_levels(project: Project, service: str) -> bool:
    log = project.telemetry.roles_of(service).log
    return log is not None and log.level is not None and bool(log.error_levels)


def _has_event_id(project: Project, service: str) -> bool:
    log = project.telemetry.roles_of(service).log
    return log is not None and log.event_id is not None


def _metrics(project: Project, metrics: AbstractSet[str]) -> Iterator[tuple[str, str]]:
    dumb = [name for name in project.fleet.services if name not in metrics]
    yield from _lacking("metrics.wellformed", dumb, project, NO_METRICS)
    if project.prometheus is None:
        reason = "there is no Prometheus: seatrial.yml says so, or nothing has metrics"
        yield "scrapes.continuous", reason
        yield "reconcile.prometheus", reason
        return
    yield from _lacking("scrapes.continuous", dumb, project, NO_METRICS)
    if not any(metric.type != "gauge" for metric in project.telemetry.metrics.values()):
        yield "reconcile.prometheus", "telemetry.yml declares no metric that counts"
    else:
        yield from _lacking("reconcile.prometheus", dumb, project, NO_METRICS)


def _restarts(project: Project, starting: AbstractSet[str], unable: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Where processes are watched, all of them are; elsewhere only their own word tells."""
    if unwatched := unable.get("restarts.unplanned"):
        silent = [name for name in project.fleet.services if name not in starting]
        reason = f"{unwatched}, and no metric of it has the role process_start"
        yield from _lacking("restarts.unplanned", silent, project, reason)

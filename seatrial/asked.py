"""What a fleet gives ground for: which checks can be asked of it, of which services, and why the others cannot.

Owns the reasons in words, which a verdict lists outside of itself. Leaves making the checks to seatrial.judge. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from seatrial.project.project import Project
from seatrial.terms import Terms, terms_of

NO_LOG = "no log is within reach: fleet.yml names none, or telemetry.yml gives its fields no role"
NO_METRICS = "fleet.yml names no path of its metrics (admin.metrics)"


class Lack(NamedTuple):
    """What cannot be judged, and why: a `whole` check, or a part of one that is made."""

    name: str
    reason: str
    whole: bool = True


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
        *_edges(project, terms, edges),
        *_traces(project, terms),
        *_logs(project, terms),
        *_metrics(project, metrics),
        *_restarts(project, starting, unable),
    ]
    absent = {lack.name: lack.reason for lack in lacks if lack.whole}
    partly = tuple((lack.name, lack.reason) for lack in lacks if not lack.whole)
    return Asked(absent, partly, terms, edges, starting)


def _lacking(check: str, services: Collection[str], project: Project, reason: str) -> Iterator[Lack]:
    """The check itself when no service gives ground for it, else what is left out."""
    if len(services) == len(project.fleet.services):
        yield Lack(check, reason)
    elif services:
        yield _part(check, services, reason)


def _part(what: str, services: Collection[str], reason: str) -> Lack:
    return Lack(f"{what} of {', '.join(services)}", reason, whole=False)


def _client(project: Project, terms: Mapping[str, Terms]) -> Iterator[Lack]:
    entry = project.fleet.entry
    if terms[entry].requests is None and terms[entry].request_lines is None:
        reason = f"{entry} counts no requests: it has no metric with the role server_requests, and logs none either"
        yield Lack("reconcile.client", reason)


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


def _edges(project: Project, terms: Mapping[str, Terms], judged: frozenset[str] | None) -> Iterator[Lack]:
    services = project.fleet.services
    called = {callee for service in services.values() for callee in service.calls}
    if not called:
        yield Lack("reconcile.edges", "no service calls another, by fleet.yml")
    if not called or judged is None:
        return
    left_out = [name for name in services if name in called - judged]
    mute = [name for name in left_out if terms[name].requests is None]
    blind = [
        name
        for name, service in services.items()
        if terms[name].attempts is None and not set(service.calls).isdisjoint(left_out)
    ]
    reason = "; ".join(
        [f"{name} counts no calls (no metric has the role client_requests)" for name in blind]
        + [f"{name} counts no requests (no metric has the role server_requests)" for name in mute]
    )
    if left_out:
        yield _part("reconcile.edges", left_out, reason) if judged else Lack("reconcile.edges", reason)


def _traces(project: Project, terms: Mapping[str, Terms]) -> Iterator[Lack]:
    untraced = [name for name in terms if not terms[name].traced]
    whose = ", ".join(untraced)
    reason = f"no log within reach tells of a request of {whose} with its trace and parent (roles of log)"
    if project.fleet.entry in untraced:
        yield Lack("traces.complete", reason)
    elif untraced:
        yield _part("traces.complete", untraced, reason)


def _logs(project: Project, terms: Mapping[str, Terms]) -> Iterator[Lack]:
    unlogged = [name for name, own in terms.items() if not own.log]
    yield from _lacking("reconcile.logs", unlogged, project, NO_LOG)
    mute = [name for name in terms if name in unlogged or not _has_levels(project, name)]
    without_levels = "no log within reach has a level and error_levels (roles of log)"
    yield from _lacking("logs.errors", mute, project, NO_LOG if mute == unlogged else without_levels)
    logged = [name for name in terms if name not in unlogged]
    uncounted = [name for name in logged if terms[name].requests is None or terms[name].request_lines is None]
    if uncounted:
        yield _part("reconcile.logs, requests", uncounted, "it does not both count and log them, by its roles")
    anonymous = [name for name in logged if not _has_event_id(project, name)]
    if anonymous:
        yield _part("reconcile.logs, repeated lines", anonymous, "no log field has the role event_id")


def _has_levels(project: Project, service: str) -> bool:
    log = project.telemetry.roles_of(service).log
    return log is not None and log.level is not None and bool(log.error_levels)


def _has_event_id(project: Project, service: str) -> bool:
    log = project.telemetry.roles_of(service).log
    return log is not None and log.event_id is not None


def _metrics(project: Project, metrics: AbstractSet[str]) -> Iterator[Lack]:
    dumb = [name for name in project.fleet.services if name not in metrics]
    yield from _lacking("metrics.wellformed", dumb, project, NO_METRICS)
    if project.prometheus is None:
        reason = "there is no Prometheus: seatrial.yml says so, or nothing has metrics"
        yield Lack("scrapes.continuous", reason)
        yield Lack("reconcile.prometheus", reason)
        return
    yield from _lacking("scrapes.continuous", dumb, project, NO_METRICS)
    if not any(metric.type != "gauge" for metric in project.telemetry.metrics.values()):
        yield Lack("reconcile.prometheus", "telemetry.yml declares no metric that counts")
    else:
        yield from _lacking("reconcile.prometheus", dumb, project, NO_METRICS)


def _restarts(project: Project, starting: AbstractSet[str], unable: Mapping[str, str]) -> Iterator[Lack]:
    """Where processes are watched, all of them are; elsewhere only their own word tells."""
    if unwatched := unable.get("restarts.unplanned"):
        silent = [name for name in project.fleet.services if name not in starting]
        reason = f"{unwatched}, and no metric of it has the role process_start"
        yield from _lacking("restarts.unplanned", silent, project, reason)

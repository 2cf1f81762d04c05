"""What dashboards are made of: a project's fleet, contract, objectives, alerts and drills, as PromQL and names.

Reads metrics by their roles alone. A query covers all services, whatever each calls its metric; what no service has gives no query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from dashboards.style import NO_DRILL
from seatrial.alerts.components import METRICS as COMPONENTS
from seatrial.objectives.objective import AVAILABILITY, LATENCY, Objective
from seatrial.project.project import Project
from seatrial.project.telemetry import ClientRequests, LogRoles, Metric, Roles, ServerRequests

INTERVAL = "[$__rate_interval]"
CHOSEN = 'job=~"$job", instance=~"$instance"'
# Grafana's rule for a dashboard's uid: at most 40 letters, digits, - and _.
LONGEST_UID = 40
# The share of requests whose duration is drawn.
MOST, ROUNDING = 0.95, 1e-9


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of some services, or attempts of calls, that share a metric: PromQL of them. `bad` are matchers of failures."""

    series: str
    buckets: str
    matchers: tuple[str, ...]
    bad: tuple[str, ...]
    callee: str = ""
    route: str = ""
    method: str = ""
    status: str = ""

    def rate(self, *by: str, where: str = "") -> str:
        """Per second; over all without `by`."""
        return f"sum{_by(by)} (rate({self.series}{self._matching(where)}{INTERVAL}))"

    def failures(self, *by: str) -> str:
        """Failed ones per second; no series where there was none."""
        return joined(self.rate(*by, where=matcher) for matcher in self.bad)

    def error_ratio(self, *by: str) -> str:
        """The share of failed ones; 0 where none has failed."""
        total = self.rate(*by)
        return f"(({self.failures(*by)}) or 0 * {total})\n/ {total}"

    def quantile(self, share: float, *by: str) -> str:
        """Of the times they took, in seconds; estimated within a bucket."""
        return (
            f"histogram_quantile({share:g}, sum{_by((*by, 'le'))} (rate({self.buckets}{self._matching()}{INTERVAL})))"
        )

    def of(self, job: str) -> Counted:
        """The same of one service, whatever is chosen."""
        return replace(self, matchers=(f'job="{job}"', *self.matchers[1:]))

    def _matching(self, where: str = "") -> str:
        matchers = ", ".join(each for each in (*self.matchers, where) if each)
        return f"{{{matchers}}}" if matchers else ""


def _by(labels: Sequence[str]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""


# What a load tells of itself, of which there is one: requests by step, journeys, and how late they were begun.
FAILED = ('outcome!="ok"',)
LOAD_REQUESTS = Counted(
    "seatrial_load_request_duration_seconds_count", "seatrial_load_request_duration_seconds_bucket", (), FAILED
)
LOAD_JOURNEYS = Counted("seatrial_load_journeys_total", "", (), FAILED)
LOAD_LAG = Counted("seatrial_load_dispatch_lag_seconds_count", "seatrial_load_dispatch_lag_seconds_bucket", (), ())
FIRING = 'ALERTS{alertstate="firing", severity!="none"}'
PERCENTILES = {"half": 0.5, "95 %": 0.95, "99 %": 0.99}


class Subject:
    """One project. Whatever is asked of it gives the same answer for the same files."""

    def __init__(self, project: Project) -> None:
        self.project, self.fleet, self.telemetry = project, project.fleet, project.telemetry
        self.services = list(project.fleet.services)
        self.objectives: Sequence[Objective] = project.objectives

    @property
    def severities(self) -> set[str]:
        """Of all alerts; empty where there are none."""
        burning = {name for each in self.objectives for name in ("page", "ticket") if getattr(each, name)}
        return burning | {each.severity for each in (self.project.alerts.alerts if self.project.alerts else ())}

    @property
    def jobs(self) -> str:
        """All services as a regular expression; `All` in a dashboard's choice means any job at all."""
        return "|".join(self.services)

    def target(self, metric: str) -> str:
        """What Prometheus tells of its targets, such as `up`: of the chosen services, and of none of its other targets."""
        return f'{metric}{{{CHOSEN}, job=~"{self.jobs}"}}'

    @cached_property
    def entry(self) -> list[Counted]:
        """What the entry answered, whatever is chosen; none where it counts nothing."""
        roles = self.telemetry.roles_of(self.fleet.entry)
        role = roles.server_requests
        return [self._count(role, self._ignored(self.fleet.entry, roles)).of(self.fleet.entry)] if role else []

    def uid(self, key: str) -> str:
        """A dashboard's, the same at every rendering."""
        return f"{self.fleet.name[: LONGEST_UID - len(key) - 1]}-{key}"

    @property
    def log(self) -> LogRoles | None:
        """What log fields mean, where logs are searched in Elasticsearch."""
        return self.telemetry.roles.log if self.project.elasticsearch is not None else None

    @cached_property
    def requests(self) -> list[Counted]:
        """What services answered; an entry per way of counting."""
        return self._counted(lambda roles: roles.server_requests)

    @cached_property
    def calls(self) -> list[Counted]:
        """Attempts of calls between services."""
        return self._counted(lambda roles: roles.client_requests)

    def _counted(self, role_of: Callable[[Roles], ServerRequests | ClientRequests | None]) -> list[Counted]:
        found = dict[tuple[str, ...], Counted]()
        for name in self.services:
            roles = self.telemetry.roles_of(name)
            role = role_of(roles)
            if role is not None:
                made = self._count(role, self._ignored(name, roles))
                found.setdefault((made.series, *made.matchers), made)
        return list(found.values())

    def _ignored(self, service: str, roles: Roles) -> list[str]:
        """Routes that would be among its requests, and are nobody's; with a port of their own probes are not."""
        probes = self.fleet.probes(service) if self.fleet.has_admin_port(service) else frozenset()
        return [each for each in roles.ignored_routes if each not in probes]

    def _count(self, role: ServerRequests | ClientRequests, ignored: Sequence[str]) -> Counted:
        declared = self.telemetry.metrics.get(role.metric)
        is_histogram = declared is not None and declared.type == "histogram"
        is_call = isinstance(role, ClientRequests)
        ignores = (
            f'{role.route}!~"{"|".join(map(re.escape, ignored))}"' if ignored and role.route and not is_call else ""
        )
        bad = [f'{role.status}=~"5.."'] if role.status else []
        if isinstance(role, ClientRequests):
            bad.append(f'{role.error}!=""' if role.error else f'{role.status}=""')
        return Counted(
            series=self.telemetry.counted_as(role.metric),
            buckets=f"{role.metric}_bucket" if is_histogram else "",
            matchers=(CHOSEN, ignores.replace("\\", "\\\\")),
            bad=tuple(bad),
            callee=role.callee if isinstance(role, ClientRequests) else "",
            route=role.route or "",
            method=role.method or "",
            status=role.status or "",
        )

    def plain(self, role: str) -> list[str]:
        """The metrics that play a role of a single name, such as `cpu_seconds`."""
        names = (getattr(self.telemetry.roles_of(service), role) for service in self.services)
        return list(dict.fromkeys(name for name in names if name is not None))

    def plain_lists(self, role: str) -> list[str]:
        """The same of a role that is a list of metrics."""
        found = (name for service in self.services for name in getattr(self.telemetry.roles_of(service), role))
        return list(dict.fromkeys(found))

    def bounded(self, role: str) -> list[tuple[str, str]]:
        """The same of roles that have a limit: metric and limit."""
        found = (getattr(self.telemetry.roles_of(service), role) for service in self.services)
        return list(dict.fromkeys((each.metric, each.limit) for each in found if each is not None))

    def stores(self) -> list[str]:
        """Series of seconds waited for the store."""
        summed = {"histogram": "_sum", "summary": "_sum"}
        return [f"{name}{summed.get(self._type(name), '')}" for name in self.plain("store_wait")]

    def others(self) -> Iterator[tuple[str, Metric]]:
        """The contract's metrics that play no role: what this fleet counts of its own work."""
        roles = [self.telemetry.roles, *self.telemetry.services.values()]
        played = {name for each in roles for name in _names(each)}
        for name, metric in self.telemetry.metrics.items():
            if name not in played and name not in COMPONENTS:
                yield name, metric

    def latency_limits(self) -> dict[str, float]:
        """Seconds within which 95 % of a service's requests are to be answered, where an objective says so of all or of some."""
        found = dict[str, float]()
        for each in self.objectives:
            if each.kind == LATENCY and each.threshold is not None and abs(each.target - MOST) < ROUNDING:
                found[each.service] = min(each.threshold, found.get(each.service, each.threshold))
        return found

    def entry_limits(self) -> tuple[float | None, float | None]:
        """What the entry's objectives allow of all requests: the share of failures, and seconds for 95 %."""
        own = [each for each in self.objectives if each.service == self.fleet.entry and each.steps == ("all",)]
        errors = [each.budget for each in own if each.kind == AVAILABILITY]
        seconds = [each.threshold for each in own if each.kind == LATENCY and abs(each.target - MOST) < ROUNDING]
        return (errors[0] if errors else None), (seconds[0] if seconds else None)

    def drill_of(self, *metrics: str) -> str:
        """The first alert that asks for any of these metrics and has a drill; NO_DRILL where there is none."""
        drills = self.project.drills
        proven = {each.alert for each in drills.drills} if drills else set()
        alerts = self.project.alerts.alerts if self.project.alerts else []
        found = (each.alert for each in alerts for metric in metrics if metric in each.expr and each.alert in proven)
        return next(found, NO_DRILL)

    @property
    def failing_drill(self) -> str:
        """The drill that makes answers fail."""
        return self.drill_of(*(each.series for each in self.requests))

    def _type(self, name: str) -> str:
        declared = self.telemetry.metrics.get(name)
        return declared.type if declared else ""


def _names(roles: Roles) -> Iterator[str]:
    for counted in (roles.server_requests, roles.client_requests):
        if counted is not None:
            yield counted.metric
    for bounded in (roles.busy, roles.descriptors):
        if bounded is not None:
            yield from (bounded.metric, bounded.limit)
    plain = (roles.active_requests, roles.cpu_seconds, roles.resident_bytes, roles.store_wait, roles.process_start)
    yield from (name for name in plain if name is not None)


def joined(queries: Sequence[str] | Iterator[str]) -> str:
    """All their series; empty without queries."""
    return "\nor\n".join(queries)


def legend(*names: str) -> str:
    """The value of the one of these labels that a series has."""
    return "".join(f"{{{{{name}}}}}" for name in dict.fromkeys(names))

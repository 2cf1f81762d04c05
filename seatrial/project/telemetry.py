"""telemetry.yml: the metrics and log fields of the fleet, and the role that each plays for the harness.

Owns the model. The harness reads metrics and logs through `roles` only, so it knows no name itself. Leaves the check
that every role names something declared to telemetry_checks.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seatrial.project.yaml_source import FileModel


class Metric(FileModel):
    """One metric; `buckets` are upper bounds in the metric's unit, for histograms only."""

    type: Literal["counter", "gauge", "histogram", "summary"]
    help: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class LogField(FileModel):
    """One log field; `type` is Elasticsearch's."""

    type: Literal["keyword", "text", "long", "short", "integer", "double", "boolean", "date", "date_nanos", "ip"]
    help: str = ""


class ServerRequests(FileModel):
    """The counter, histogram or summary of requests that a service answered, and those of its labels that there are."""

    metric: str
    method: str | None = None
    route: str | None = None
    status: str | None = None


class ClientRequests(FileModel):
    """The same of calls that a service made: one observation per attempt, an empty `status` when no answer came."""

    metric: str
    callee: str
    status: str
    method: str | None = None
    route: str | None = None
    error: str | None = None


class Bounded(FileModel):
    """Gauges: how much of something is in use, and how much there is."""

    metric: str
    limit: str


class Duration(FileModel):
    """The log field that says how long an event took, which ended at the line's timestamp."""

    field: str
    unit: Literal["ns", "us", "ms", "s"]


class ServerRequestLine(FileModel):
    """Log fields of a request that a service answered.

    `event` is the value that marks such a line; without it a line that has all these fields is one.
    """

    event: str | None = None
    method: str | None = None
    route: str | None = None
    status: str | None = None


class ClientRequestLine(FileModel):
    """Log fields of one attempt of a call; without `event` a line that has the field `callee` is one."""

    callee: str
    status: str
    event: str | None = None
    method: str | None = None
    route: str | None = None
    error: str | None = None


class LogRoles(FileModel):
    """Which log field says what; `error_levels` are the values of `level` that count as errors."""

    timestamp: str | None = None
    level: str | None = None
    error_levels: tuple[str, ...] = ()
    event: str | None = None
    event_id: str | None = None
    message: str | None = None
    duration: Duration | None = None
    trace: str | None = None
    span: str | None = None
    parent: str | None = None
    server_request: ServerRequestLine | None = None
    client_request: ClientRequestLine | None = None


class Roles(FileModel):
    """Roles are None or empty where there is no such metric; what needs them is then not checked.

    `busy` are request threads, `descriptors` open files; `store_wait` is a counter or histogram of the seconds that
    writers waited for their turn at the store.

    `ignored_routes` are routes that neither counters nor logs are asked about, as those of probes.
    """

    server_requests: ServerRequests | None = None
    client_requests: ClientRequests | None = None
    ignored_routes: tuple[str, ...] = ()
    active_requests: str | None = None
    busy: Bounded | None = None
    pending_work: tuple[str, ...] = ()
    cpu_seconds: str | None = None
    resident_bytes: str | None = None
    descriptors: Bounded | None = None
    store_wait: str | None = None
    process_start: str | None = None
    log: LogRoles | None = None


class Telemetry(FileModel):
    """The contract between the fleet and everything that reads its telemetry.

    `services` gives a service roles of its own: each that is written there, null included, replaces the fleet's.
    """

    metrics: dict[str, Metric] = Field(default_factory=dict)
    logs: dict[str, LogField] = Field(default_factory=dict)
    roles: Roles = Roles()
    services: dict[str, Roles] = Field(default_factory=dict)

    def roles_of(self, service: str) -> Roles:
        """The roles as they are for one service."""
        own = self.services.get(service)
        if own is None:
            return self.roles
        return self.roles.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    def counted_as(self, metric: str) -> str:
        """The name of the series that counts a metric's observations."""
        declared = self.metrics.get(metric)
        return f"{metric}_count" if declared and declared.type in {"histogram", "summary"} else metric

"""telemetry.yml: the metrics and log fields of the fleet, and the role that each plays for the harness.

Owns the model. The harness reads metrics and logs through `roles` only, so it knows no name itself. Leaves the check
that every role names something declared to telemetry_checks.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seatrial.project.yaml_source import FileModel


class Metric(FileModel):
    """One metric."""

    type: Literal["counter", "gauge", "histogram", "summary"] = Field(description="As Prometheus has it.")
    help: str = Field(default="", description="What it says.")
    labels: tuple[str, ...] = Field(default=(), description="All of them, but `job` and `instance`.")
    buckets: tuple[float, ...] = Field(default=(), description="Upper bounds in the metric's unit, of histograms.")


class LogField(FileModel):
    """One log field."""

    type: Literal["keyword", "text", "long", "short", "integer", "double", "boolean", "date", "date_nanos", "ip"] = (
        Field(description="Elasticsearch's.")
    )
    help: str = Field(default="", description="What it says.")


class ServerRequests(FileModel):
    """The counter, histogram or summary of requests that a service answered, and those of its labels that there are."""

    metric: str = Field(description="Its name.")
    method: str | None = Field(default=None, description="The label of the HTTP method.")
    route: str | None = Field(default=None, description="The label of the URL's template.")
    status: str | None = Field(default=None, description="The label of the answer's status.")


class ClientRequests(FileModel):
    """The same of calls that a service made: one observation per attempt, an empty `status` when no answer came."""

    metric: str = Field(description="Its name.")
    callee: str = Field(description="The label of the callee's name in fleet.yml.")
    status: str = Field(description="The label of the answer's status; empty when none came.")
    method: str | None = Field(default=None, description="The label of the HTTP method.")
    route: str | None = Field(default=None, description="The label of the URL's template.")
    error: str | None = Field(default=None, description="The label of what went wrong when no answer came.")


class Bounded(FileModel):
    """Gauges: how much of something is in use, and how much there is."""

    metric: str = Field(description="How much is in use.")
    limit: str = Field(description="How much there is.")


class Duration(FileModel):
    """The log field that says how long an event took, which ended at the line's timestamp."""

    field: str = Field(description="Its name.")
    unit: Literal["ns", "us", "ms", "s"] = Field(description="What it counts in.")


class ServerRequestLine(FileModel):
    """Log fields of a request that a service answered; without `event` a line that has all these fields is one."""

    event: str | None = Field(default=None, description="The value of the role `event` that marks such a line.")
    method: str | None = Field(default=None, description="The HTTP method.")
    route: str | None = Field(default=None, description="The URL's template.")
    status: str | None = Field(default=None, description="The answer's status.")


class ClientRequestLine(FileModel):
    """Log fields of one attempt of a call; without `event` a line that has the field `callee` is one."""

    callee: str = Field(description="The callee's name in fleet.yml.")
    status: str = Field(description="The answer's status; absent when none came.")
    event: str | None = Field(default=None, description="The value of the role `event` that marks such a line.")
    method: str | None = Field(default=None, description="The HTTP method.")
    route: str | None = Field(default=None, description="The URL's template.")
    error: str | None = Field(default=None, description="What went wrong when no answer came.")


class LogRoles(FileModel):
    """Which log field says what."""

    timestamp: str | None = Field(default=None, description="When it happened.")
    level: str | None = Field(default=None, description="How grave it is.")
    error_levels: tuple[str, ...] = Field(default=(), description="Values of `level` that count as errors.")
    event: str | None = Field(default=None, description="The event's static name.")
    event_id: str | None = Field(default=None, description="Unique; a line that is sent again has the same one.")
    service: str | None = Field(
        default=None, description="The service that wrote it; needed only where the lines of all services lie together."
    )
    message: str | None = Field(default=None, description="A sentence for people.")
    instance: str | None = Field(default=None, description="The replica's name, as `web-1`.")
    duration: Duration | None = Field(default=None, description="How long it took.")
    trace: str | None = Field(default=None, description="The trace's id.")
    span: str | None = Field(default=None, description="The span of a request, or of a call.")
    parent: str | None = Field(default=None, description="The caller's span.")
    server_request: ServerRequestLine | None = Field(default=None, description="Lines of requests that were answered.")
    client_request: ClientRequestLine | None = Field(default=None, description="Lines of calls to other services.")


class Roles(FileModel):
    """Which metric says what. Where there is none for a role, what needs it is not checked."""

    server_requests: ServerRequests | None = Field(default=None, description="Requests that were answered.")
    client_requests: ClientRequests | None = Field(default=None, description="Attempts of calls to other services.")
    ignored_routes: tuple[str, ...] = Field(
        default=(), description="Routes that neither counters nor logs are asked about, as those of probes."
    )
    active_requests: str | None = Field(default=None, description="Gauge of requests under way.")
    busy: Bounded | None = Field(default=None, description="Request threads.")
    pending_work: tuple[str, ...] = Field(default=(), description="Gauges of work that outlives its request.")
    cpu_seconds: str | None = Field(default=None, description="Counter of CPU time.")
    resident_bytes: str | None = Field(default=None, description="Gauge of resident memory.")
    descriptors: Bounded | None = Field(default=None, description="Open files.")
    store_wait: str | None = Field(
        default=None, description="Counter or histogram of seconds that writers waited for their turn at the store."
    )
    process_start: str | None = Field(default=None, description="Gauge of the process's start, in epoch seconds.")
    log: LogRoles | None = Field(default=None, description="What log fields mean.")


class Telemetry(FileModel):
    """The contract between the fleet and everything that reads its telemetry."""

    metrics: dict[str, Metric] = Field(default_factory=dict, description="By name.")
    logs: dict[str, LogField] = Field(default_factory=dict, description="Log fields by name.")
    roles: Roles = Field(default=Roles(), description="What each name means to the harness.")
    services: dict[str, Roles] = Field(
        default_factory=dict,
        description="Roles of one service; each that is written there, null included, replaces the fleet's.",
    )

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

"""telemetry.yml: the metrics and log fields of the fleet, and the role that each plays for the harness.

Owns the model and the check that every role names something declared. The harness reads metrics and logs
through `roles` only, so it knows no name itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seatrial.project.yaml_source import FileModel, Keys, Problem, load_yaml, validate


class Metric(FileModel):
    """One metric; `buckets` are upper bounds in the metric's unit, for histograms only."""

    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class LogField(FileModel):
    """One log field; `type` is Elasticsearch's."""

    type: Literal["keyword", "text", "long", "short", "integer", "double", "boolean", "date", "date_nanos", "ip"]
    help: str


class ServerRequests(FileModel):
    """The histogram that a service keeps of requests it answered, and its labels."""

    metric: str
    method: str
    route: str
    status: str


class ClientRequests(FileModel):
    """The histogram that a service keeps of calls it made: one observation per attempt, `error` when no answer came."""

    metric: str
    callee: str
    method: str
    route: str
    status: str
    error: str


class Bounded(FileModel):
    """Gauges: how much of something is in use, and how much there is."""

    metric: str
    limit: str


class Duration(FileModel):
    """The log field that says how long an event took, which ended at the line's timestamp."""

    field: str
    unit: Literal["ns", "us", "ms", "s"]


class ServerRequestLine(FileModel):
    """Log fields of a request that a service answered; `event` is the value that marks such a line."""

    event: str
    method: str
    route: str
    status: str


class ClientRequestLine(FileModel):
    """Log fields of one attempt of a call to another service."""

    event: str
    callee: str
    method: str
    route: str
    status: str
    error: str


class LogRoles(FileModel):
    """Which log field says what; `error_levels` are the values of `level` that count as errors."""

    timestamp: str
    level: str
    error_levels: tuple[str, ...]
    event: str
    event_id: str
    message: str
    duration: Duration | None = None
    trace: str
    span: str
    parent: str
    server_request: ServerRequestLine
    client_request: ClientRequestLine


class Roles(FileModel):
    """Optional roles are None or empty where a fleet has no such metric; what needs them is then not checked.

    `busy` are request threads, `descriptors` open files; `store_wait` is a counter or histogram of the seconds that
    writers waited for their turn at the store.
    """

    server_requests: ServerRequests
    client_requests: ClientRequests | None = None
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
    """The contract between the fleet and everything that reads its telemetry."""

    metrics: dict[str, Metric]
    logs: dict[str, LogField] = Field(default_factory=dict)
    roles: Roles


def load_telemetry(file: Path) -> Telemetry:
    """Read telemetry.yml. Raises ConfigError."""
    source = load_yaml(file)
    telemetry = validate(source, Telemetry)
    problems = [
        *_histograms_without_buckets(telemetry),
        *_undeclared_metrics(telemetry),
        *_undeclared_fields(telemetry),
    ]
    if problems:
        raise source.error(problems)
    return telemetry


def _histograms_without_buckets(telemetry: Telemetry) -> Iterator[Problem]:
    for name, metric in telemetry.metrics.items():
        if (metric.type == "histogram") != bool(metric.buckets):
            remedy = "Give it buckets" if metric.type == "histogram" else "Remove its buckets"
            yield Problem(("metrics", name), f"metrics.{name} is a {metric.type}. {remedy}.")
        if list(metric.buckets) != sorted(set(metric.buckets)):
            yield Problem(("metrics", name, "buckets"), f"metrics.{name}.buckets do not rise. Sort them.")


def _undeclared_metrics(telemetry: Telemetry) -> Iterator[Problem]:
    roles = telemetry.roles
    for keys, name in _single_metrics(roles):
        if name not in telemetry.metrics:
            yield Problem(keys, f"roles names the metric '{name}', which is not declared under metrics. Declare it.")
    for role in ("server_requests", "client_requests"):
        labels = getattr(roles, role)
        if labels is not None:
            yield from _undeclared_labels(telemetry, role, labels.model_dump())


def _single_metrics(roles: Roles) -> Iterator[tuple[Keys, str]]:
    for role in ("active_requests", "cpu_seconds", "resident_bytes", "store_wait", "process_start"):
        if getattr(roles, role) is not None:
            yield ("roles", role), getattr(roles, role)
    for index, name in enumerate(roles.pending_work):
        yield ("roles", "pending_work", index), name
    for role, gauges in (("busy", roles.busy), ("descriptors", roles.descriptors)):
        if gauges is not None:
            yield ("roles", role, "metric"), gauges.metric
            yield ("roles", role, "limit"), gauges.limit


def _undeclared_labels(telemetry: Telemetry, role: str, names: dict[str, str]) -> Iterator[Problem]:
    metric = telemetry.metrics.get(names.pop("metric"))
    if metric is None or metric.type != "histogram":
        yield Problem(("roles", role, "metric"), f"roles.{role}.metric must name a histogram under metrics.")
        return
    for key, label in names.items():
        if label not in metric.labels:
            yield Problem(("roles", role, key), f"'{label}' is no label of it. Its labels: {', '.join(metric.labels)}.")


def _undeclared_fields(telemetry: Telemetry) -> Iterator[Problem]:
    if telemetry.roles.log is None:
        return
    for keys, field in _log_fields(telemetry.roles.log.model_dump(), ("roles", "log")):
        if field not in telemetry.logs:
            yield Problem(
                keys, f"{keys[-1]} names the log field '{field}', which is not declared under logs. Declare it."
            )


def _log_fields(roles: dict[str, object], keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Every value that names a field; deeper down `event` and `unit` say what its values mean instead."""
    for key, value in roles.items():
        if isinstance(value, dict):
            named = {name: field for name, field in value.items() if name not in {"event", "unit"}}
            yield from _log_fields(named, (*keys, key))
        elif isinstance(value, str):
            yield (*keys, key), value

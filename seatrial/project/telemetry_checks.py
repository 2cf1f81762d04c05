"""Reads telemetry.yml, and refuses roles that name nothing declared or that contradict one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seatrial.project.sentences import Keys
from seatrial.project.telemetry import LogRoles, Roles, Telemetry
from seatrial.project.yaml_source import Problem, load_yaml, validate

COUNTING = frozenset({"counter", "histogram", "summary"})
LINES = ("server_request", "client_request")


def load_telemetry(file: Path) -> Telemetry:
    """Read telemetry.yml. Raises ConfigError."""
    source = load_yaml(file)
    telemetry = validate(source, Telemetry)
    problems = [*_wrong_buckets(telemetry), *_wrong_roles(telemetry, ("roles",), telemetry.roles)]
    for name, roles in telemetry.services.items():
        problems += _wrong_roles(telemetry, ("services", name), roles)
    if problems:
        raise source.error(problems)
    return telemetry


def _wrong_buckets(telemetry: Telemetry) -> Iterator[Problem]:
    for name, metric in telemetry.metrics.items():
        if metric.buckets and metric.type != "histogram":
            yield Problem(("metrics", name), f"metrics.{name} is a {metric.type}. Remove its buckets.")
        if list(metric.buckets) != sorted(set(metric.buckets)):
            yield Problem(("metrics", name, "buckets"), f"metrics.{name}.buckets do not rise. Sort them.")


def _wrong_roles(telemetry: Telemetry, at: Keys, roles: Roles) -> Iterator[Problem]:
    for keys, name in _single_metrics(at, roles):
        if name not in telemetry.metrics:
            yield Problem(keys, f"roles names the metric '{name}', which is not declared under metrics. Declare it.")
    for role in ("server_requests", "client_requests"):
        labels = getattr(roles, role)
        if labels is not None:
            yield from _wrong_labels(telemetry, (*at, role), labels.model_dump(exclude_none=True))
    if roles.log is not None:
        yield from _wrong_log(telemetry, (*at, "log"), roles.log)


def _single_metrics(at: Keys, roles: Roles) -> Iterator[tuple[Keys, str]]:
    for role in ("active_requests", "cpu_seconds", "resident_bytes", "store_wait", "process_start"):
        if getattr(roles, role) is not None:
            yield (*at, role), getattr(roles, role)
    for index, name in enumerate(roles.pending_work):
        yield (*at, "pending_work", index), name
    for role, gauges in (("busy", roles.busy), ("descriptors", roles.descriptors)):
        if gauges is not None:
            yield (*at, role, "metric"), gauges.metric
            yield (*at, role, "limit"), gauges.limit


def _wrong_labels(telemetry: Telemetry, at: Keys, names: dict[str, str]) -> Iterator[Problem]:
    named = names.pop("metric")
    metric, where = telemetry.metrics.get(named), ".".join(map(str, at))
    if metric is None or metric.type not in COUNTING:
        counting = ", ".join(name for name, each in telemetry.metrics.items() if each.type in COUNTING) or "none"
        said = f"{where}.metric must name a counter, histogram or summary under metrics, and {named} is none. They are: {counting}."
        yield Problem((*at, "metric"), said)
        return
    for key, label in names.items():
        if label not in metric.labels:
            yield Problem(
                (*at, key), f"'{label}' is no label of {named}. It has: {', '.join(metric.labels) or 'none'}."
            )


def _wrong_log(telemetry: Telemetry, at: Keys, log: LogRoles) -> Iterator[Problem]:
    for keys, field in _log_fields(log.model_dump(exclude_none=True), at):
        if field not in telemetry.logs:
            named = f"{'.'.join(map(str, keys))} names the log field '{field}', which is not declared under logs. Declare it."
            yield Problem(keys, named)
    for name in LINES:
        line = getattr(log, name)
        if line is not None and line.event is not None and log.event is None:
            said = f"{name}.event is a value of the field with the role event, and there is none. Name it in log.event."
            yield Problem((*at, name, "event"), said)
    line = log.server_request
    if line is not None and not line.model_dump(exclude_none=True):
        yield Problem((*at, "server_request"), "nothing tells such a line. Name its event, or fields that it has.")
    if log.error_levels and log.level is None:
        yield Problem((*at, "error_levels"), "error_levels are values of the role level. Name its field in log.level.")


def _log_fields(roles: dict[str, object], at: Keys) -> Iterator[tuple[Keys, str]]:
    """Every value that names a field; deeper down `event` and `unit` say what its values mean instead."""
    for key, value in roles.items():
        if isinstance(value, dict):
            named = {name: field for name, field in value.items() if name not in {"event", "unit"}}
            yield from _log_fields(named, (*at, key))
        elif isinstance(value, str):
            yield (*at, key), value

"""A page about telemetry: what the sample's contract declares, and the roles that any fleet's contract may give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docs.generator.markdown import code, page, table
from docs.generator.models import models, section
from seatrial.project.telemetry import Roles, Telemetry
from seatrial.project.yaml_source import load_yaml, validate


def contract_page(file: Path) -> str:
    """Metrics, log fields, and the models of telemetry.yml."""
    contract = validate(load_yaml(file), Telemetry)
    return page(
        "Metrics and log fields",
        "What the sample emits, by its contract [fleet/telemetry.yml](../../fleet/telemetry.yml), and what a contract may say, by "
        "`seatrial/project/telemetry.py`. Names are OpenTelemetry's for metrics, ECS for logs. A service is the label `job`, a "
        "replica `instance`; both come from the scrape.",
        "## Metrics of the sample",
        table(("metric", "type", "labels", "meaning"), metrics(contract)),
        "## Log fields of the sample",
        "One JSON object per line. Types are Elasticsearch's.",
        table(("field", "type", "meaning"), log_fields(contract)),
        "## telemetry.yml",
        *(part for model in models(Telemetry) for part in section(model, root=Telemetry)),
    )


def metrics(contract: Telemetry) -> Iterator[tuple[str, ...]]:
    """In the contract's order, with the role where there is one."""
    for name, metric in contract.metrics.items():
        labels = ", ".join(map(code, metric.labels)) or "-"
        yield code(name), metric.type, labels, metric.help + role_note(name, contract.roles)


def log_fields(contract: Telemetry) -> Iterator[tuple[str, ...]]:
    """In the contract's order."""
    for name, field in contract.logs.items():
        yield code(name), field.type, field.help


def role_note(name: str, roles: Roles) -> str:
    """What the metric is to the harness."""
    found = [role for role, value in roles.model_dump(exclude={"log"}).items() if name in _names(value)]
    return f" Role: {', '.join(map(code, found))}." if found else ""


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {str(each) for each in value.values()}
    return {str(each) for each in value} if isinstance(value, list | tuple) else {str(value)}

"""What is written into a project: the values of the starters, from what was asked for and what was seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from seatrial.init.conclusions import Contract
from seatrial.init.families import Family
from seatrial.init.naming import renamed
from seatrial.init.rendering import render, starters
from seatrial.init.route import BRACES, Route, identifier, name_of, unlike
from seatrial.project.fleet import Fleet, Service


def project_files(
    fleet: Fleet,
    contracts: Mapping[str, Contract],
    metrics_paths: Mapping[str, str],
    routes: Sequence[Route],
    source: str,
) -> dict[str, str]:
    """Path to content; `metrics_paths` are those of the services that have metrics."""
    first = contracts.get(fleet.entry, Contract(fleet.entry))
    steps = _steps(renamed(routes, first.named))
    values = {
        "name": fleet.name,
        "entry": fleet.entry,
        "starts": any(service.command for service in fleet.services.values()),
        "scraped": bool(metrics_paths),
        "services": [
            _service(name, service, metrics_paths.get(name), contracts.get(name, Contract(name)))
            for name, service in fleet.services.items()
        ],
        **_telemetry(fleet, contracts),
        "steps": steps,
        "touches": (fleet.entry,) if first.logs_requests else (),
        "weights": {step["name"]: step["weight"] for step in steps},
        "source": source,
    }
    return {path: render(template, values) for path, template in starters().items()}


def _service(name: str, service: Service, metrics: str | None, contract: Contract) -> dict[str, Any]:
    external = [each.model_dump(exclude_none=True) for each in service.external]
    return {
        "name": name,
        "command": list(service.command or ()),
        "environment": service.environment,
        "port": service.port,
        "external": external,
        "metrics": metrics,
        "log": contract.log if service.command else "",
        "calls": list(service.calls),
    }


def _telemetry(fleet: Fleet, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """The entry's roles are everybody's; the others have their own where theirs differ."""
    families: dict[str, Family] = {}
    fields: dict[str, str] = {}
    for contract in contracts.values():
        families |= {family.name: family for family in contract.families if family.name not in families}
        fields |= contract.fields
    roles = dict(contracts[fleet.entry].roles) if fleet.entry in contracts else {}
    return {
        "metrics": [_metric(family) for family in families.values()],
        "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
        "roles": roles,
        "overrides": {
            name: own
            for name, contract in contracts.items()
            for own in [_overrides(roles, contract.roles)]
            if name != fleet.entry and own
        },
    }


def _overrides(roles: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    lacking: dict[str, Any] = {
        name: [] if isinstance(value, list) else None for name, value in roles.items() if name not in own
    }
    return {name: value for name, value in own.items() if roles.get(name) != value} | lacking


def _metric(family: Family) -> dict[str, Any]:
    return {
        "name": family.name,
        "type": _type(family),
        "help": family.help,
        "labels": list(family.labels),
        "buckets": [int(edge) if edge == int(edge) else edge for edge in family.buckets],
    }


def _type(family: Family) -> str:
    """Some expositions leave it out; a name in `_total` is a counter's."""
    if family.type in {"counter", "histogram", "summary", "gauge"}:
        return family.type
    return "counter" if family.name.endswith("_total") else "gauge"


def _steps(routes: Sequence[Route]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for route in routes:
        name = unlike(route.name or name_of(route.template), {step["name"] for step in steps})
        query = any(sample.query for sample in route.samples)
        asked = [(dict(each.path), dict(each.query)) if query else dict(each.path) for each in route.samples]
        steps.append(
            {
                "name": name,
                "constant": identifier(name).upper(),
                "function": identifier(name),
                "method": route.method,
                "template": route.template,
                "right": dict.fromkeys(route.statuses),
                "samples": asked if query or BRACES.search(route.template) else [],
                "query": query,
                "weight": route.weight,
            }
        )
    return steps


def path_of(metrics_url: str) -> str:
    """The path of a URL."""
    return urlsplit(metrics_url).path

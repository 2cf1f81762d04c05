"""From what one service showed to the roles of its metrics and log fields, each with a sentence for a person.

Pure. Owns what is taken and what is not; leaves writing it down to `rendering`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from seatrial.init.families import Family
from seatrial.init.gauges import choose_gauges
from seatrial.init.log_fields import LogShape, parse_line, read_shape
from seatrial.init.metrics import Requests, choose_requests
from seatrial.init.naming import Named
from seatrial.init.probing import Probed, Written

LOG_ROLES = ("timestamp", "level", "event", "event_id", "message", "trace", "span", "parent")
LINE_ROLES = ("method", "route", "status")


class Remark(NamedTuple):
    """`what` was `taken` or not, and the words to it."""

    service: str
    taken: bool
    what: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What is known of one service: its roles as telemetry.yml has them, and what they name.

    `named` is how its telemetry calls what was asked; `log` what fleet.yml calls its log.
    """

    service: str
    roles: Mapping[str, Any] = field(default_factory=dict)
    families: tuple[Family, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    named: tuple[Named, ...] = ()
    log: str = ""

    @property
    def logs_requests(self) -> bool:
        """Whether its log tells which requests of which trace it answered."""
        log = self.roles.get("log", {})
        return "server_request" in log and "trace" in log


def conclude(probed: Probed) -> Contract:
    """Metrics first: the routes that its own readings bear are ignored in the log too."""
    metrics = _of_metrics(probed)
    log = _of_logs(probed, metrics)
    return replace(
        metrics,
        roles={**metrics.roles, **log.roles},
        fields=log.fields,
        remarks=(*metrics.remarks, *log.remarks),
        named=metrics.named or log.named,
        log=log.log,
    )


def _of_metrics(probed: Probed) -> Contract:
    name = probed.service
    if probed.metrics_url is None:
        return Contract(name, remarks=(Remark(name, False, "metrics: none were found"),))
    choice, gauges = choose_requests(probed.families, probed.moves), choose_gauges(probed.families)
    roles = gauges.named()
    remarks = [Remark(name, True, f"{role}: {family.name}") for role, family in gauges.roles.items()]
    if gauges.descriptors:
        remarks.append(Remark(name, True, f"descriptors: {' of '.join(each.name for each in gauges.descriptors)}"))
    remarks += [Remark(name, False, each) for each in gauges.lacking]
    remarks += [Remark(name, False, f"{each.name}: {each.reason}") for each in choice.refused]
    families = list(gauges.families)
    named: tuple[Named, ...] = ()
    if choice.requests is None:
        remarks.append(Remark(name, False, "requests: no metric counts them by status; they are not compared"))
    else:
        families.insert(0, choice.requests.family)
        told, named, said = _of_requests(name, choice.requests)
        roles = {**told, **roles}
        ignored = _ignored(choice.requests, probed)
        if ignored:
            roles["ignored_routes"] = ignored
        remarks = [*said, *remarks]
    return Contract(name, roles, tuple(families), {}, tuple(remarks), named)


def _of_requests(service: str, requests: Requests) -> tuple[dict[str, Any], tuple[Named, ...], list[Remark]]:
    """The role, how its label names the routes, and what to say."""
    labels, named, remarks = dict(requests.labels), requests.named, []
    odd = [each for each in named if "route" in labels and not each.is_route]
    if odd:
        said = f"the label {labels.pop('route')}: for {odd[0].template} it is {odd[0].name!r}, which is no route"
        named, remarks = (), [Remark(service, False, said)]
    told = ", ".join(f"{role}={label}" for role, label in labels.items())
    taken = Remark(service, True, f"requests: {requests.family.name} ({requests.family.type}; {told})")
    return {"server_requests": {"metric": requests.family.name, **labels}}, named, [taken, *remarks]


def _ignored(requests: Requests, probed: Probed) -> list[str]:
    """The routes, as the service names them, that reading the metrics is counted as."""
    values = {dict(labels).get(requests.route, "") for name, labels in probed.noise if name == requests.family.name}
    return sorted(values - {""})


def _of_logs(probed: Probed, metrics: Contract) -> Contract:
    """The first file that will do; what is wrong with one that was written to is told."""
    refused: list[Remark] = []
    for log, written in probed.logs.items():
        contract = _of_log(probed, metrics, log, written)
        if "log" in contract.roles:
            return contract
        refused += contract.remarks if written.text or len(probed.logs) == 1 else ()
    return Contract(probed.service, remarks=tuple(refused))


def _of_log(probed: Probed, metrics: Contract, log: str, written: Written) -> Contract:
    name, called = probed.service, f"log {log}".strip()
    shape = read_shape(written.text, probed.known)
    if isinstance(shape, str):
        return Contract(name, remarks=(Remark(name, False, f"{called}: {shape}"),))
    shape = _with_comparable_routes(shape, metrics.named)
    ignored = list(metrics.roles.get("ignored_routes", []))
    noise = _noisy_routes(shape, written.noise)
    if noise is None:
        said = f"{called}: it tells of each reading of the metrics, and no field of it names the route"
        return Contract(name, remarks=(Remark(name, False, said),))
    roles: dict[str, Any] = {"log": _log_roles(shape)}
    if ignored or noise:
        roles["ignored_routes"] = sorted({*ignored, *noise})
    told = ", ".join(f"{role}={field}" for role, field in shape.fields.items())
    remarks = [
        Remark(name, True, f"{called}: {told}"),
        *(Remark(name, False, f"{called}: {each}") for each in shape.said),
    ]
    return Contract(name, roles, (), dict(shape.types), tuple(remarks), shape.named, log)


def _with_comparable_routes(shape: LogShape, named: Sequence[Named]) -> LogShape:
    """Without the field of the route when it shows what was asked instead, or names routes unlike the metrics."""
    odd = [each for each in shape.named if not each.is_route]
    if odd:
        return shape.without("route", f"for {odd[0].template} it is {odd[0].name!r}, which is no route")
    if set(named) - set(shape.named) and shape.named and named:
        return shape.without("route", "it names routes otherwise than the metrics")
    return shape


def _noisy_routes(shape: LogShape, noise: str) -> set[str] | None:
    """The routes of the lines that reading the metrics brought; None when such lines cannot be told."""
    lines = [parse_line(line) for line in noise.splitlines() if line.strip()]
    routes = {str(line.get(shape.fields.get("route", ""), "")) if line else "" for line in lines}
    return None if "" in routes else routes


def _log_roles(shape: LogShape) -> dict[str, Any]:
    roles: dict[str, Any] = {role: shape.fields[role] for role in LOG_ROLES if role in shape.fields}
    if "level" in roles:
        roles["error_levels"] = list(shape.error_levels)
    if shape.duration:
        roles["duration"] = dict(zip(("field", "unit"), shape.duration, strict=True))
    if shape.tells_requests:
        line = {role: shape.fields[role] for role in LINE_ROLES if role in shape.fields}
        roles["server_request"] = {"event": shape.request_event, **line} if shape.request_event else line
    return roles

"""Prometheus rules from objectives: error ratios over every window, and alerts by burn rate.

Names and labels are those that Sloth gives, so that its dashboards and habits fit. Pure: a document for one rule file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from seatrial.objectives.objective import Alert, Objective
from seatrial.objectives.windows import Burn, Schedule, Severity, text

HEADER = "# Generated from {source} by `seatrial render`: do not edit.\n"
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")


@dataclass(frozen=True, slots=True)
class Links:
    """Where somebody who is told looks: the folder or address of runbooks, and a dashboard by the service that it is about."""

    runbooks: str = ""
    dashboard: Callable[[str], str] = lambda _: ""

    def annotations(self, objective: Objective) -> dict[str, str]:
        """As rules have them; none of what there is not."""
        runbook = runbook_url(self.runbooks, objective.alert) if self.runbooks else ""
        found = {"runbook_url": runbook, "dashboard_url": self.dashboard(objective.service)}
        return {name: url for name, url in found.items() if url}


def rule_file(objectives: Sequence[Objective], schedule: Schedule, source: str, links: Links | None = None) -> str:
    """The whole file, with its header; `source` names slo.yml."""
    return write_rules([_group(each, schedule, links or Links()) for each in objectives], source)


def write_rules(groups: Sequence[dict[str, Any]], source: str) -> str:
    """A rule file of Prometheus that says where it comes from."""
    document = {"groups": list(groups)}
    return HEADER.format(source=source) + yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True
    )


class _Dumper(yaml.SafeDumper):
    """Queries of several lines as blocks, which people can read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _group(objective: Objective, schedule: Schedule, links: Links) -> dict[str, Any]:
    """All of an objective: the rules of a group come one after the other, so alerts meet the ratios of their own moment."""
    severities = [severity for severity in SEVERITIES if _alert(objective, severity) and schedule.of(severity)]
    lengths = schedule.lengths(frozenset(severities)) or schedule.lengths(frozenset({"page"}))
    ratios = [_ratio(objective, length) for length in lengths]
    alerts = [_burning(objective, severity, schedule, links) for severity in severities]
    rules = [*ratios, *_told(objective, schedule, lengths[0]), *alerts]
    return {"name": f"slo-{objective.id}", "interval": text(schedule.evaluation), "rules": rules}


def _labels(objective: Objective) -> dict[str, str]:
    return {"sloth_id": objective.id, "sloth_service": objective.service, "sloth_slo": objective.name}


def ratio_name(length: int) -> str:
    """The series of error ratios over a window of so many seconds."""
    return f"slo:sli_error:ratio_rate{text(length)}"


def _ratio(objective: Objective, length: int) -> dict[str, Any]:
    return {
        "record": ratio_name(length),
        "expr": objective.error_ratio(text(length)),
        "labels": {**_labels(objective), "sloth_window": text(length)},
    }


def _told(objective: Objective, schedule: Schedule, shortest: int) -> Iterator[dict[str, Any]]:
    """What dashboards show beside it."""
    own = ", ".join(f'{name}="{value}"' for name, value in _labels(objective).items())
    short, budget = ratio_name(shortest), "slo:error_budget:ratio"
    matching = "on (sloth_id, sloth_slo, sloth_service)"
    yield {"record": "slo:objective:ratio", "expr": f"vector({objective.target:.9g})", "labels": _labels(objective)}
    yield {"record": budget, "expr": f"vector({objective.budget:.9g})", "labels": _labels(objective)}
    yield {
        "record": "slo:current_burn_rate:ratio",
        "expr": f"{short}{{{own}}}\n/ {matching} group_left\n{budget}{{{own}}}",
        "labels": _labels(objective),
    }
    if schedule.period is not None:
        period = text(schedule.period)
        yield {
            "record": f"slo:sli_error:ratio_rate{period}",
            "expr": f"sum_over_time({short}{{{own}}}[{period}])\n/ ignoring (sloth_window)\n"
            f"count_over_time({short}{{{own}}}[{period}])",
            "labels": {**_labels(objective), "sloth_window": period},
        }
        yield {
            "record": "slo:period_error_budget_remaining:ratio",
            "expr": f"1 - slo:sli_error:ratio_rate{period}{{{own}}}\n/ {matching} group_left\n{budget}{{{own}}}",
            "labels": _labels(objective),
        }


def _alert(objective: Objective, severity: Severity) -> Alert | None:
    return objective.page if severity == "page" else objective.ticket


def _burning(objective: Objective, severity: Severity, schedule: Schedule, links: Links) -> dict[str, Any]:
    alert = _alert(objective, severity) or Alert()
    within = f" within {objective.threshold:g} s" if objective.threshold is not None else ""
    return {
        "alert": objective.alert,
        "expr": "\nor\n".join(_pair(objective, burn) for burn in schedule.of(severity)),
        "labels": {
            "severity": severity,
            "service": objective.service,
            "sloth_slo": objective.name,
            "sloth_severity": severity,
            **alert.labels,
        },
        "annotations": {
            "summary": f"{objective.service} spends the error budget of {objective.name} too fast",
            "description": f"{objective.description.strip() or objective.name}: {objective.target * 100:.6g} % are to be good{within}; "
            "now {{ $value | humanizePercentage }} are bad.",
            **links.annotations(objective),
            **alert.annotations,
        },
    }


def runbook_url(runbooks: str, alert: str) -> str:
    """Where somebody who is told looks first; `runbooks` is a folder or an address."""
    return f"{runbooks.rstrip('/')}/{alert}.md"


def _pair(objective: Objective, burn: Burn) -> str:
    own = ", ".join(f'{name}="{value}"' for name, value in _labels(objective).items())
    limit = f"({burn.factor:g} * {objective.budget:.9g})"
    long, short = (f"max without (sloth_window) ({ratio_name(length)}{{{own}}})" for length in (burn.long, burn.short))
    return f"(\n  {long} > {limit}\n  and\n  {short} > {limit}\n)"

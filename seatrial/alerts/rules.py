"""Prometheus rules from alerts.yml. Pure: a document for one rule file."""

from __future__ import annotations

from typing import Any

from seatrial.alerts.spec import FOR, Alert, AlertsFile
from seatrial.objectives.rules import runbook_url, write_rules
from seatrial.objectives.windows import Schedule, text


def alert_file(alerts: AlertsFile, schedule: Schedule, source: str) -> str:
    """The whole file, with its header; `source` names alerts.yml."""
    rules = [_rule(alerts, alert, schedule) for alert in alerts.alerts]
    return write_rules([{"name": "alerts", "interval": text(schedule.evaluation), "rules": rules}], source)


def _rule(alerts: AlertsFile, alert: Alert, schedule: Schedule) -> dict[str, Any]:
    dashboard = alerts.dashboard_url(alert.service, alert.dashboard)
    return {
        "alert": alert.alert,
        "expr": alerts.expression(alert, schedule.name).strip(),
        "for": str(alerts.numbers(alert, schedule.name)[FOR]),
        "labels": {"severity": alert.severity, "service": alert.service},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": runbook_url(alerts.runbooks, alert.alert),
            **({"dashboard_url": dashboard} if dashboard else {}),
        },
    }

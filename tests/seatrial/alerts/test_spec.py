from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from seatrial.alerts.drills import load_drills
from seatrial.alerts.rules import alert_file
from seatrial.alerts.spec import AlertsFile, load_alerts
from seatrial.errors import ConfigError, UsageError
from seatrial.objectives.windows import PRODUCTION, TRIAL
from seatrial.project.fleet import Fleet
from seatrial.project.telemetry import Metric, Telemetry

FLEET = Fleet.model_validate({"name": "shop", "entry": "web", "services": {"web": {"command": ["x"], "port": 1}}})
TELEMETRY = Telemetry(
    metrics={
        "requests_total": Metric(type="counter", labels=("status",)),
        "request_seconds": Metric(type="histogram", labels=("status",), buckets=(0.1, 1)),
    }
)
ALERTS = dedent(
    """\
    runbooks: docs/runbooks
    values: {production: {window: 5m, for: 2m}, trial: {window: 10s, for: 2s}}
    alerts:
      - alert: WebFails
        severity: page
        expr: rate(requests_total{status=~"5.."}[{{.window}}]) > {{.limit}}
        values: {production: {limit: 1}, trial: {limit: 0.5}}
        summary: It fails
        description: "{{ $value }} a second."
      - {alert: TargetDown, severity: page, expr: 'up == 0', summary: It is down, description: Gone.}
    """
)
DRILLS = dedent(
    """\
    profile: drill
    drills:
      - {alert: WebFails, fault: [errors=1@web]}
      - {alert: TargetDown, kill: web, also: [Web*]}
    """
)


def alerts(folder: Path, text: str = ALERTS) -> AlertsFile:
    file = folder / "alerts.yml"
    file.write_text(text, encoding="utf-8")
    return load_alerts(file, TELEMETRY, FLEET, ())


def rules(folder: Path, schedule: str) -> list[dict[str, object]]:
    chosen = {each.name: each for each in (PRODUCTION, TRIAL)}[schedule]
    document = yaml.safe_load(alert_file(alerts(folder), chosen, "alerts.yml"))
    found: list[dict[str, object]] = document["groups"][0]["rules"]
    return found


@pytest.mark.parametrize(
    "schedule, expression, held",
    [
        ("production", 'rate(requests_total{status=~"5.."}[5m]) > 1', "2m"),
        ("trial", 'rate(requests_total{status=~"5.."}[10s]) > 0.5', "2s"),
    ],
)
def test_each_schedule_has_its_numbers(schedule: str, expression: str, held: str, tmp_path: Path) -> None:
    rule = rules(tmp_path, schedule)[0]
    assert (rule["expr"], rule["for"]) == (expression, held)


def test_an_alert_lands_with_its_series_service_and_has_its_runbook(tmp_path: Path) -> None:
    rule = rules(tmp_path, "trial")[1]
    assert rule["labels"] == {"severity": "page", "service": "{{ $labels.job }}"}
    assert rule["annotations"]["runbook_url"] == "docs/runbooks/TargetDown.md"  # type: ignore[index]


def test_an_alert_leads_to_the_files_dashboard_or_its_own(tmp_path: Path) -> None:
    linked = ALERTS.replace("values:", "dashboard: http://g/d/s?var-job={{.service}}\nvalues:", 1)
    own = linked.replace("description: Gone.", "description: Gone., service: web, dashboard: http://g/d/p")
    document = yaml.safe_load(alert_file(alerts(tmp_path, own), TRIAL, "alerts.yml"))
    urls = [rule["annotations"]["dashboard_url"] for rule in document["groups"][0]["rules"]]
    assert urls == ["http://g/d/s?var-job={{ $labels.job }}", "http://g/d/p"]
    assert "dashboard_url" not in rules(tmp_path, "trial")[0]["annotations"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("{{.limit}}", "{{.bound}}", "WebFails has no production value for bound"),
        (", trial: {limit: 0.5}", "", "WebFails has no trial value for limit"),
        ("requests_total{", "request_total{", "request_total, which telemetry.yml does not declare"),
        ("status=~", "code=~", "its label 'code', which it has not"),
        ("> {{.limit}}", "> {{.limit}})", "is no PromQL"),
        ("alert: WebFails", "alert: TargetDown", "two alerts are called TargetDown"),
        ("up == 0", 'up{job="wep"} == 0', "the job 'wep', which is no service"),
        ("severity: page\n", "severity: sms\n", "sms"),
        ("alert: WebFails", "alert: web-fails", "web-fails"),
    ],
)
def test_what_cannot_be_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in ALERTS
    with pytest.raises(ConfigError) as told:
        alerts(tmp_path, ALERTS.replace(old, new, 1))
    assert said in str(told.value)
    assert told.value.line


def test_components_may_be_asked_for(tmp_path: Path) -> None:
    assert alerts(tmp_path, ALERTS.replace("up == 0", 'seatrial_ship_lag_seconds{job="seatrial-ship"} > 1'))


# Drills


def drills(folder: Path, text: str) -> None:
    file = folder / "drills.yml"
    file.write_text(text, encoding="utf-8")
    load_drills(file, alerts(folder), (), ["web"])


def test_every_alert_has_a_drill(tmp_path: Path) -> None:
    drills(tmp_path, DRILLS)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("  - {alert: TargetDown, kill: web, also: [Web*]}\n", "", "no drill proves TargetDown"),
        ("alert: WebFails", "alert: WebFail", "there is no alert WebFail. Known are: TargetDown, WebFails"),
        (", fault: [errors=1@web]", "", "write exactly one of fault, kill"),
        ("kill: web", "kill: web, freeze: web", "write exactly one of fault, kill"),
    ],
)
def test_a_table_that_proves_not_all_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        drills(tmp_path, DRILLS.replace(old, new, 1))
    assert said in str(told.value)


def test_a_fault_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no service 'wep'"):
        drills(tmp_path, DRILLS.replace("errors=1@web", "errors=1@wep"))

"""Grafana's provisioning fits the contract, the rendered dashboards, and what alerts link to. Grafana itself has not been run.

Keys: https://grafana.com/docs/grafana/latest/administration/provisioning/, of the data sources https://grafana.com/docs/grafana/latest/datasources/.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.project.project import load_project
from seatrial.ship.names import IndexNames

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "observability" / "grafana"
PROJECT = load_project(ROOT / "seatrial.yml")
SOURCE_KEYS = {
    "name",
    "uid",
    "type",
    "access",
    "url",
    "isDefault",
    "editable",
    "basicAuth",
    "basicAuthUser",
    "jsonData",
    "secureJsonData",
}
PROVIDER_KEYS = {
    "name",
    "folder",
    "folderUid",
    "type",
    "disableDeletion",
    "allowUiUpdates",
    "updateIntervalSeconds",
    "options",
}
DASHBOARDS = {
    document["uid"]: document
    for document in (json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json")))
}


def provisioned(kind: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / kind / "seatrial.yml").read_text())


SOURCES = {each["type"]: each for each in provisioned("datasources")["datasources"]}


def test_there_is_a_source_for_each_kind_that_dashboards_ask() -> None:
    asked = {
        variable["query"]
        for document in DASHBOARDS.values()
        for variable in document["templating"]["list"]
        if variable["type"] == "datasource"
    }
    assert asked == set(SOURCES)


def test_its_keys_are_grafanas() -> None:
    assert all(set(each) <= SOURCE_KEYS for each in SOURCES.values())
    (provider,) = provisioned("dashboards")["providers"]
    assert set(provider) <= PROVIDER_KEYS
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


def test_logs_are_read_by_the_contracts_names() -> None:
    log, own = PROJECT.telemetry.roles.log, SOURCES["elasticsearch"]["jsonData"]
    assert log is not None
    assert (own["timeField"], own["logMessageField"], own["logLevelField"]) == (log.timestamp, log.message, log.level)
    assert own["index"] == IndexNames.of(PROJECT.fleet.name).alias


def test_the_step_of_rates_is_that_of_scrapes() -> None:
    scraped = yaml.safe_load((ROOT / "observability" / "prometheus" / "prometheus.yml").read_text())
    assert SOURCES["prometheus"]["jsonData"]["timeInterval"] == scraped["global"]["scrape_interval"]


def test_a_request_leads_to_a_dashboard_that_takes_its_trace() -> None:
    (destination,) = SOURCES["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    uid, variable = re.fullmatch(r"/d/([\w-]+)\?var-(\w+)=\$\$\{__value\.raw\}", destination["url"]).groups()  # type: ignore[union-attr]
    assert variable in {each["name"] for each in DASHBOARDS[uid]["templating"]["list"]}
    kept = (ROOT / "fleet" / "kit" / "metrics.py").read_text()
    assert f'{{"{destination["name"]}": exchange.span.trace_id}}' in kept


def test_no_secret_is_written_down() -> None:
    secrets = SOURCES["elasticsearch"]["secureJsonData"].values()
    assert all(re.fullmatch(r"\$\{[A-Z_]+\}", each) for each in secrets)


@pytest.mark.parametrize("file", ["slo.yml", "alerts.yml"])
def test_alerts_lead_to_dashboards_that_there_are(file: str) -> None:
    groups = yaml.safe_load((ROOT / "observability" / "prometheus" / "rules" / file).read_text())["groups"]
    urls = [rule["annotations"]["dashboard_url"] for group in groups for rule in group["rules"] if "alert" in rule]
    assert urls
    for url in urls:
        uid, _, choice = re.fullmatch(r"http://127\.0\.0\.1:3000/d/([\w-]+)(\?var-(?:job)=(.+))?", url).groups()  # type: ignore[union-attr]
        assert uid in DASHBOARDS
        assert choice is None or "{{.service}}" not in choice

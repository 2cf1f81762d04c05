"""Each alert has its runbook, and each runbook its alert."""

from pathlib import Path

import pytest
import yaml

from seatrial.project.project import load_project

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
PARTS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]


def alerts() -> set[str]:
    project = load_project(ROOT / "seatrial.yml")
    assert project.alerts is not None
    return {each.alert for each in project.alerts.alerts} | {each.alert for each in project.objectives if each.alert}


def test_alerts_and_runbooks_are_the_same() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} - {"README"} == alerts()


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_a_runbook_says_what_it_means_and_what_to_do(alert: str) -> None:
    lines = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# {alert}"
    assert [line for line in lines if line.startswith("#")][1:] == PARTS
    assert f"[{alert}]({alert}.md)" in (RUNBOOKS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file", sorted((ROOT / "observability" / "prometheus" / "rules").glob("*.yml")), ids=lambda file: file.name
)
def test_rules_lead_to_runbooks(file: Path) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
    assert found
    for rule in found:
        assert (ROOT / rule["annotations"]["runbook_url"]).is_file()

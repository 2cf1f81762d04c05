from pathlib import Path
from typing import Any

import pytest
import yaml
from specs import AVAILABLE, QUICK, load

from seatrial.objectives.promql import read
from seatrial.objectives.rules import rule_file
from seatrial.objectives.windows import PRODUCTION, TRIAL, Burn, Schedule, text


def rules(folder: Path, written: str, schedule: Schedule) -> list[dict[str, Any]]:
    document = yaml.safe_load(rule_file(load(folder, written), schedule, "slo.yml"))
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("schedule", [PRODUCTION, TRIAL], ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("written", [AVAILABLE, QUICK])
def test_every_expression_is_promql(written: str, schedule: Schedule, tmp_path: Path) -> None:
    for rule in rules(tmp_path, written, schedule):
        assert read(rule["expr"])


@pytest.mark.parametrize("schedule", [PRODUCTION, TRIAL], ids=lambda schedule: schedule.name)
def test_alerts_ask_for_series_that_are_recorded(schedule: Schedule, tmp_path: Path) -> None:
    found = rules(tmp_path, AVAILABLE, schedule)
    recorded = {rule["record"] for rule in found if "record" in rule}
    asked = {each.metric for rule in found if "alert" in rule for each in read(rule["expr"]).selectors}
    assert asked <= recorded


def test_a_page_and_a_ticket(tmp_path: Path) -> None:
    alerts = [rule for rule in rules(tmp_path, AVAILABLE, PRODUCTION) if "alert" in rule]
    assert [(rule["alert"], rule["labels"]["severity"]) for rule in alerts] == [
        ("WebUnavailable", "page"),
        ("WebUnavailable", "ticket"),
    ]
    assert alerts[0]["expr"].count("(14.4 * 0.01)") == alerts[0]["expr"].count("(6 * 0.01)") == 2


def test_a_trial_has_no_tickets(tmp_path: Path) -> None:
    alerts = [rule for rule in rules(tmp_path, AVAILABLE, TRIAL) if "alert" in rule]
    assert [rule["labels"]["severity"] for rule in alerts] == ["page"]


def test_what_is_disabled_is_not_made(tmp_path: Path) -> None:
    quiet = AVAILABLE.replace("{name: WebUnavailable}", "{page_alert: {disable: true}, ticket_alert: {disable: true}}")
    found = rules(tmp_path, quiet, PRODUCTION)
    assert all("record" in rule for rule in found)
    assert "slo:sli_error:ratio_rate1h" in {rule["record"] for rule in found}


def test_the_shortest_window_holds_five_scrapes() -> None:
    assert min(burn.short for burn in TRIAL.burns) >= 5


@pytest.mark.parametrize("seconds, said", [(30, "30s"), (300, "5m"), (3600, "1h"), (86_400, "1d"), (5400, "90m")])
def test_windows_are_written_as_promql_has_them(seconds: int, said: str) -> None:
    assert text(seconds) == said


@pytest.mark.parametrize(
    "burn, budget, ratio, seconds",
    [
        (Burn("page", 3600, 300, 14.4), 0.001, 1.0, 51.84),
        (Burn("page", 3600, 300, 14.4), 0.001, 0.0144, None),
        (Burn("ticket", 259_200, 21_600, 1), 0.001, 0.01, 25_920),
    ],
)
def test_the_time_to_detect_is_the_budget_of_the_long_window(
    burn: Burn, budget: float, ratio: float, seconds: float | None
) -> None:
    assert burn.detection_seconds(budget, ratio) == (None if seconds is None else pytest.approx(seconds))

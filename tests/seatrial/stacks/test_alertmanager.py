from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.stacks.alertmanager import command, find_alertmanager, for_trial, write_configuration
from seatrial.stacks.install import DEBIAN_TEMPLATES, relocate

CONFIGURATION: dict[str, Any] = {
    "route": {
        "receiver": "people",
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
        "routes": [
            {"matchers": ['alertname="Watchdog"'], "repeat_interval": "1m"},
            {"matchers": ['severity="page"'], "routes": [{"matchers": ["team=a"], "group_wait": "1h"}]},
        ],
    },
    "receivers": [{"name": "people", "pagerduty_configs": [{"routing_key": "secret"}]}],
    "inhibit_rules": [{"equal": ["service"]}],
}


def test_all_routes_get_a_trials_times() -> None:
    route = for_trial(CONFIGURATION, "http://127.0.0.1:1/")["route"]
    inner = route["routes"][1]["routes"][0]
    assert (route["group_wait"], route["group_interval"], inner["group_wait"]) == ("1s", "2s", "1s")


def test_a_sign_of_life_stays_one_and_nothing_else_is_repeated() -> None:
    route = for_trial(CONFIGURATION, "http://127.0.0.1:1/")["route"]
    assert (route["repeat_interval"], route["routes"][0]["repeat_interval"]) == ("12h", "2s")
    assert "repeat_interval" not in route["routes"][1]


def test_nobody_is_woken_by_a_trial() -> None:
    made = for_trial(CONFIGURATION, "http://127.0.0.1:1/")
    assert made["receivers"] == [
        {"name": "people", "webhook_configs": [{"url": "http://127.0.0.1:1/", "send_resolved": True}]}
    ]
    assert "secret" not in str(made)
    assert made["inhibit_rules"] == CONFIGURATION["inhibit_rules"]


def test_the_configuration_is_copied_into_the_run(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "alertmanager.yml").write_text(yaml.safe_dump(CONFIGURATION))
    file = write_configuration(tmp_path / "own", tmp_path / "run", "http://127.0.0.1:1/")
    assert yaml.safe_load(file.read_text())["route"]["group_wait"] == "1s"
    assert yaml.safe_load((tmp_path / "own" / "alertmanager.yml").read_text()) == CONFIGURATION


@pytest.mark.parametrize(
    "said, version",
    [
        ("alertmanager, version 0.25.0 (branch: debian/sid)", "0.25.0"),
        ("alertmanager, version 0.21.0 (branch: HEAD)", None),
        ("", None),
    ],
)
def test_one_that_is_too_old_is_not_taken(said: str, version: str | None, tmp_path: Path) -> None:
    found = find_alertmanager(tmp_path, which=lambda name: f"/opt/{name}", ask=lambda _: said)
    assert (found.version if found else None) == version


def test_the_cache_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "alertmanager").mkdir()
    for name in ("prometheus-alertmanager", "amtool"):
        (tmp_path / "alertmanager" / name).touch()
    found = find_alertmanager(tmp_path, which=lambda _: None, ask=lambda _: "alertmanager, version 0.25.0 ()")
    assert found is not None
    assert found.amtool == tmp_path / "alertmanager" / "amtool"


def test_it_gossips_with_nobody() -> None:
    assert "--cluster.listen-address=" in command(Path("a"), Path("c/alertmanager.yml"), "127.0.0.1:1")


def test_debians_program_looks_where_it_is_started(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x00" + DEBIAN_TEMPLATES.encode() + b"/ui\x00")
    relocate(program)
    content = program.read_bytes()
    assert len(content) == len(DEBIAN_TEMPLATES) + 5
    assert content.startswith(b"\x00./")
    assert DEBIAN_TEMPLATES.encode() not in content
    relocate(program)
    assert program.read_bytes() == content

"""What makes objectives, alerts and dashboards lie is refused where it is written: each is done to a copy of the real files."""

import shutil
from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.project.project import load_project
from seatrial.render.files import rendered, stale

ROOT = Path(__file__).parents[2]
COPIED = ("seatrial.yml", "fleet", "observability", "loadtests", "docs/runbooks", "dashboards")
TELEMETRY, SLO, ALERTS, DRILLS = (
    "fleet/telemetry.yml",
    "observability/slo.yml",
    "observability/alerts.yml",
    "observability/drills.yml",
)
MUTATIONS = {
    "a renamed metric": (TELEMETRY, "  store_lock_wait_seconds:", "  store_wait_seconds:", "store_lock_wait_seconds"),
    "a changed bucket": (TELEMETRY, "0.1, 0.25, 0.5,", "0.1, 0.3, 0.5,", "le = 0.25, which is no bound"),
    "a dropped label": (TELEMETRY, "labels: [login_outcome]", "labels: []", "its label 'login_outcome', which it has not"),
    "a misspelt job": (SLO, 'job="catalog"', 'job="catalogue"', "the job 'catalogue', which is no service"),
    "a threshold that is not the query's": (SLO, '"0.25", seatrial_steps', '"0.5", seatrial_steps', "They must say the same"),
    "an objective that can never page": (SLO, "objective: 95", "objective: 93", "can never fire"),
    "a misspelt metric of an alert": (ALERTS, "server_threads_busy", "server_thread_busy", "which telemetry.yml does not declare"),
    "an alert without a drill": (DRILLS, "  - {alert: ScrapeGap, service: activity, forget: activity}\n", "", "no drill proves ScrapeGap"),
    "a drill of no alert": (DRILLS, "alert: ScrapeGap", "alert: ScrapeGaps", "there is no alert ScrapeGaps"),
}  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return tmp_path


def test_the_copy_is_a_project(copied: Path) -> None:
    assert load_project(copied / "seatrial.yml").alerts is not None


@pytest.mark.parametrize("file, old, new, said", MUTATIONS.values(), ids=MUTATIONS)
def test_it_is_refused(file: str, old: str, new: str, said: str, copied: Path) -> None:
    path = copied / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_project(copied / "seatrial.yml")
    assert said in str(told.value)


# What a dashboard would be silent about: rendered files do not fit any more.
STALE = {
    "a renamed metric of its own work": (TELEMETRY, "  users_registered_total:", "  users_joined_total:"),
    "a metric with another label": (TELEMETRY, "labels: [order_status]", "labels: [order_state]"),
    "a metric of another type": (TELEMETRY, "  orders_unsettled:\n    type: gauge", "  orders_unsettled:\n    type: counter"),
    "one more service": ("fleet/fleet.yml", "services:\n", "services:\n  wishes: {command: [python, -m, fleet.wishes], port: 8010, admin_port: 8110}\n"),
    "another objective": (SLO, "objective: 99\n    description: Whoever asks the shop", "objective: 98\n    description: Whoever asks the shop"),
    "another deed of a drill": (DRILLS, "fault: [errors=0.3@inventory]", "fault: [errors=0.4@inventory]"),
}  # fmt: skip


@pytest.mark.parametrize("file, old, new", STALE.values(), ids=STALE)
def test_dashboards_are_stale(file: str, old: str, new: str, copied: Path) -> None:
    path = copied / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = dict(stale(rendered(load_project(copied / "seatrial.yml"))))
    assert any(path.parent.name == "dashboards" for path in found)


def test_untouched_they_are_not(copied: Path) -> None:
    assert dict(stale(rendered(load_project(copied / "seatrial.yml")))) == {}

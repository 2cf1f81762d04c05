"""A real Alertmanager with the committed configuration and a trial's times: what is inhibited, what is grouped, and who is told."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from stack_runs import until

from seatrial.settings import read_settings
from seatrial.stacks.alertmanager import command, find_alertmanager, write_configuration
from seatrial.stacks.observation import answers
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.receiver import FILE, Receiver, read_notified

SOURCE = Path(__file__).parents[1] / "observability" / "alertmanager"
# Longer than it waits for a group to gather, and for what else comes.
SETTLED_SECONDS = 5.0


@dataclass
class Told:
    """An Alertmanager, and what its receiver has heard."""

    url: str
    file: Path

    def fire(self, *alerts: dict[str, str]) -> None:
        document = [{"labels": each} for each in alerts]
        with requests.Session() as http:
            http.trust_env = False
            http.post(f"{self.url}/api/v2/alerts", json=document, timeout=5).raise_for_status()

    def heard(self) -> set[tuple[str, str]]:
        return {(each.name, each.labels.get("service", "")) for each in read_notified(self.file)}


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    settings = read_settings()
    found = find_alertmanager(settings.cache_dir)
    assert found is not None
    ports = PortLocks(settings.runtime_dir / "ports", "test")
    receiver, address = Receiver(tmp_path / FILE, ports.take()), f"127.0.0.1:{ports.take()}"
    receiver.start()
    configuration = write_configuration(SOURCE, tmp_path / "alertmanager", receiver.url)
    with (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen(
            command(found.binary, configuration, address), cwd=found.binary.parent, stdout=output, stderr=output
        )
    try:
        until(lambda: answers(f"http://{address}/-/ready"))
        yield Told(f"http://{address}", tmp_path / FILE)
    finally:
        process.terminate()
        process.wait(10)
        receiver.stop()
        ports.release()


def alert(name: str, service: str = "web", **labels: str) -> dict[str, str]:
    return {"alertname": name, "service": service, "severity": "ticket", **labels}


def settle() -> None:
    time.sleep(SETTLED_SECONDS)


def test_who_is_down_is_not_told_to_fail_too(told: Told) -> None:
    told.fire(alert("TargetDown", severity="page"), alert("ServiceFails"), alert("ServiceFails", "shop"))
    until(lambda: len(told.heard()) > 1)
    settle()
    assert told.heard() == {("TargetDown", "web"), ("ServiceFails", "shop")}


def test_the_page_of_an_objective_keeps_its_ticket_quiet(told: Told) -> None:
    burn = {"sloth_id": "web-latency", "instance": "x"}
    told.fire(
        alert("LatencyBudgetBurn", severity="page", sloth_severity="page", **burn),
        alert("LatencyBudgetBurn", sloth_severity="ticket", **burn),
        alert("LatencyBudgetBurn", sloth_severity="ticket", sloth_id="web-tail"),
    )
    settle()
    severities = [(each.labels["severity"], each.labels["sloth_id"]) for each in read_notified(told.file)]
    assert set(severities) == {("page", "web-latency"), ("ticket", "web-tail")}


def test_one_cause_pages_once(told: Told) -> None:
    """What pages together is one notification, whatever services it reaches."""
    names = ("TargetDown", "ThreadsBusy", "OrdersStuck")
    told.fire(*(alert(name, service, severity="page") for name in names for service in ("web", "shop")))
    until(lambda: len(told.heard()) == 6)
    moments = {each.at for each in read_notified(told.file)}
    assert len(moments) == 1


def test_the_receiver_of_a_run_is_the_only_one(tmp_path: Path) -> None:
    file = write_configuration(SOURCE, tmp_path / "am", "http://127.0.0.1:9/")
    assert "9095" not in file.read_text()

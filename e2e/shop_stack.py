"""The sample fleet as `seatrial up` runs it, and what a test may want of it: addresses, customers, a hook's answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from stack_runs import Bench

from seatrial.hooks import run_hook
from seatrial.settings import child_environment

ROOT = Path(__file__).parents[1]
HOOKS = yaml.safe_load((ROOT / "seatrial.yml").read_text())["hooks"]
# What the equations ask of a client's history; the rest of a sample's columns they do not look at.
COLUMNS = ("step", "method", "route", "status", "outcome", "trace_id", "key", "ref")
ACTIVE = "http_server_active_requests"


@dataclass(frozen=True)
class ShopStack:
    """`status` is the document of `seatrial status`."""

    status: Mapping[str, Any] = field(repr=False)

    @property
    def run_dir(self) -> Path:
        return Path(self.status["run_dir"])

    @property
    def services(self) -> list[str]:
        return list(dict.fromkeys(each["service"] for each in self.status["services"]))

    def urls(self, service: str) -> list[str]:
        """Of all replicas."""
        return [each["url"] for each in self.status["services"] if each["service"] == service]

    def secret(self, client: str) -> str:
        return (self.run_dir / "secrets" / client).read_text()

    def identities(self) -> dict[str, Any]:
        return dict(json.loads((self.run_dir / "identities.json").read_text()))

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every log line that a service has written."""
        for file in (self.run_dir / "logs").glob("*.jsonl"):
            yield from map(json.loads, file.read_text().splitlines())

    def ready(self) -> dict[str, bool]:
        return {
            each["instance"]: requests.get(f"{each['admin_url']}/health/ready", timeout=5).ok
            for each in self.status["services"]
        }

    def gauge(self, name: str) -> dict[str, float]:
        """By instance; the sum of the gauge's series."""
        return {each["instance"]: self._gauge(each["admin_url"], name) for each in self.status["services"]}

    def _gauge(self, admin_url: str, name: str) -> float:
        lines = requests.get(f"{admin_url}/metrics", timeout=5).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def verdicts(self, history: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """The equations that do not hold, with their reasons, given what the clients saw."""
        samples = self.run_dir / "samples"
        samples.mkdir(exist_ok=True)
        with (samples / f"requests-{len(list(samples.iterdir()))}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(history)
        findings = self.hook("invariants", samples=str(samples))["findings"]
        return {each["name"]: each["reason"] for each in findings if each["verdict"] != "PASS"}

    def hook(self, name: str, **document: Any) -> dict[str, Any]:
        told = {
            "run_dir": str(self.run_dir),
            "services": self.status["services"],
            "stores": {service: f"sqlite:///{file}" for service, file in self.stores().items()},
            **document,
        }
        log = self.run_dir / "logs" / f"hook-{name}.out"
        return run_hook(name, HOOKS[name], told, cwd=ROOT, environment=child_environment(self.status["run"]), log=log)

    def stores(self) -> dict[str, Path]:
        return {file.stem: file for file in (self.run_dir / "stores").glob("*.db")}


@contextmanager
def shop_stack(folder: Path, *arguments: str, **settings: object) -> Iterator[ShopStack]:
    """The shop, filled; `settings` are environment variables without their prefix."""
    environment = {f"SEATRIAL_{name}": str(value) for name, value in settings.items()}
    # The locks of ports are common to all stacks of this machine: another's port is free for a moment while it restarts.
    bench = Bench(folder / "runs", ROOT / "seatrial.yml", environment)
    with bench.detached(*arguments) as status:
        yield ShopStack(status)

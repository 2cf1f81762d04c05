"""The wheel in an empty environment: `seatrial init && seatrial trial` beside a small Flask application, without the sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
UV = ROOT / ".tools" / "bin" / "uv"
# What the application needs, by the same lock; the rest is the wheel's own.
APPLICATION = ("flask", "gunicorn", "prometheus-client", "grafana-foundation-sdk")
APP = """
from flask import Flask, Response, request
from prometheus_client import Counter, generate_latest

app = Flask(__name__)
answered = Counter("answered", "Requests.", ["method", "route", "status"])


@app.after_request
def count(response):
    answered.labels(request.method, str(request.url_rule), str(response.status_code)).inc()
    return response


@app.get("/")
def home():
    return {"hello": "sea"}


@app.get("/ships/<name>")
def ship(name):
    return {"name": name}


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), content_type="text/plain; version=0.0.4")
"""


def run(command: Sequence[str | Path], folder: Path, seconds: float = 150) -> subprocess.CompletedProcess[str]:
    """Without this checkout on the path, and without the environment that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, timeout=seconds, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def must(command: Sequence[str | Path], folder: Path) -> str:
    done = run(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    must([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the wheel, what it declares and nothing else."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    must([UV, "venv", "--quiet", "--no-python-downloads", "--python", sys.executable, folder], wheel.parent)
    install = [UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    wanted = [wheel, *APPLICATION, "--constraint", ROOT / "requirements.lock"]
    if run([*install, "--offline", *wanted], wheel.parent).returncode:  # what `make setup` fetched may be gone
        must([*install, *wanted], wheel.parent)
    return folder / "bin"


def test_it_holds_the_package_with_its_data_and_nothing_of_the_sample(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"seatrial"}
    assert "seatrial/init/starters/loadtests/locustfile.py.j2" in names
    assert "seatrial/init/starters/dashboards/fleet_overview.py" in names
    assert "seatrial/schemas/seatrial.schema.json" in names
    assert "seatrial/project/prometheus/prometheus.yml" in names


def test_the_sample_is_not_there(environment: Path, tmp_path: Path) -> None:
    for module in ("fleet", "loadtests", "dashboards"):
        assert run([environment / "python", "-c", f"import {module}"], tmp_path).returncode == 1
    assert "seatrial init" in must([environment / "seatrial", "init", "--help"], tmp_path)


def test_an_empty_folder_with_an_application_gets_its_verdict(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = "web=python -m gunicorn app:app --bind {host}:{port} --threads 8 --no-control-socket"
    written = must(
        [
            environment / "seatrial",
            "init",
            "--dashboards",
            "--command",
            command,
            "--path",
            "/",
            "--path",
            "/ships/argo",
        ],
        tmp_path,
    )
    assert "files rendered" in must([environment / "seatrial", "render"], tmp_path)
    assert "requests: answered_total (counter; method=method, route=route, status=status)" in written
    for attempt in ("first", "second"):
        trial = [environment / "seatrial", "trial", "--runs", f"runs/{attempt}", "--json", f"{attempt}.json"]
        done = run(trial, tmp_path)
        verdict = json.loads((tmp_path / f"{attempt}.json").read_text())
        if verdict["load"]["valid"]:  # else the machine kept the generator from its work: ask once more
            break
    unwell = {each["name"]: each["reason"] for each in verdict["checks"] if each["verdict"] != "PASS"}
    assert (unwell, done.returncode) == ({}, 0), done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("PASS: all ")
    counted = verdict["reconciliation"]
    assert "panels.answered" in {each["name"] for each in verdict["checks"]}
    assert counted["sent"] == counted["gateway"] == counted["prometheus"] > 500

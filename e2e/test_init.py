"""`seatrial init` on services that know nothing of Seatrial, and then a trial of what it wrote."""

from __future__ import annotations

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from stack_runs import until

from seatrial.stacks.observation import accepts

HERE = Path(__file__).parent
SEATRIAL = Path(sys.executable).parent / "seatrial"
SERVER = "python -m gunicorn --bind {host}:{port} --threads 8 --no-control-socket"


def copied(source: str, folder: Path, *names: str) -> Path:
    project = folder / "project"
    chosen = names or tuple(path.name for path in (HERE / source).iterdir() if path.name != "__pycache__")
    for name in chosen:
        path = HERE / source / name
        project.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, project / name)
    return project


def seatrial(project: Path, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SEATRIAL, *arguments], cwd=project, capture_output=True, text=True, timeout=seconds, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def init(project: Path, *arguments: str) -> str:
    done = seatrial(project, "init", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verdict(project: Path, *options: str) -> dict[str, Any]:
    """Of a smoke trial; asked once more where the machine kept the generator from its work."""
    for attempt in ("first", "second"):
        done = seatrial(project, "trial", "smoke", "--runs", f"runs/{attempt}", "--json", f"{attempt}.json", *options)
        assert (project / f"{attempt}.json").exists(), done.stdout + done.stderr
        document: dict[str, Any] = json.loads((project / f"{attempt}.json").read_text())
        if document["load"]["valid"]:
            break
    return document


def unwell(document: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["reason"] for check in document["checks"] if check["verdict"] != "PASS"}


def checked(document: dict[str, Any]) -> set[str]:
    return {check["name"] for check in document["checks"]}


@pytest.mark.slow
def test_a_module_with_an_application_in_it(tmp_path: Path) -> None:
    """No metrics, no log; a document that it shows."""
    project = copied("layouts/module", tmp_path)
    said = init(project, "--command", f"words={SERVER} app:app")
    assert "from the OpenAPI document at /openapi.json" in said
    assert "POST /words: it may change something; add it by hand" in said
    document = verdict(project)
    assert (unwell(document), document["verdict"]) == ({}, "PASS")
    assert {"load.valid", "latency.all.p50", "errors.all", "drain.clean"} <= checked(document)
    assert document["requests"] > 50


@pytest.mark.slow
def test_a_package_with_a_factory_and_blueprints(tmp_path: Path) -> None:
    """Metrics and log lines under names of its own; the load from an access log."""
    project = copied("layouts/factory", tmp_path)
    line = '127.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "GET {} HTTP/1.1" 200 9 "-" "curl"\n'
    asked = ["/notices"] + [f"/notices/{number}" for number in (1, 2, 3, 3)]
    (project / "access.log").write_text("".join(line.format(path) for path in asked))
    said = init(project, "--command", f"board={SERVER} noticeboard:create_app()", "--access-log", "access.log")
    assert "requests: board_hits_total (counter; method=verb, route=rule, status=code)" in said
    assert "trace=trace, parent=caller" in said
    document = verdict(project)
    assert (unwell(document), document["verdict"]) == ({}, "PASS")
    wanted = {"reconcile.client", "reconcile.logs", "reconcile.prometheus", "traces.complete", "scrapes.continuous"}
    assert wanted <= checked(document)
    counted = document["reconciliation"]
    assert counted["sent"] == counted["gateway"] == counted["prometheus"] == counted["logs"] > 0


@pytest.mark.slow
def test_the_foreign_fleet(tmp_path: Path) -> None:
    """Two services whose metrics and logs are called otherwise, one told where the other is."""
    project = copied("foreign", tmp_path, "web.py", "rates.py")
    said = init(
        project,
        *("--command", f"web=RATES_URL={{urls[rates]}} {SERVER} web:app"),
        *("--command", f"rates=RATES_LOG={{log_file}} {SERVER} rates:app"),
        *("--calls", "web=rates", "--metrics", "rates=/internal/prom"),
        *("--path", "/", "--path", "/quotes/eur", "--path", "/quotes/jpy", "--path", "/nowhere"),
    )
    assert "web: requests: quotes_http_hits_total (counter; method=verb, route=page, status=code)" in said
    assert "rates: requests: rates_answer_seconds (histogram; route=handler, status=result)" in said
    assert "GET /nowhere: answered 404 to /nowhere" in said
    written = (project / "loadtests" / "locustfile.py").read_text()
    assert '"/quotes/{currency}"' in written
    document = verdict(project)
    assert (unwell(document), document["verdict"]) == ({}, "PASS")
    assert {"reconcile.client", "reconcile.logs", "reconcile.prometheus"} <= checked(document)


@pytest.mark.slow
def test_a_service_that_somebody_else_runs(tmp_path: Path) -> None:
    project = copied("layouts/factory", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = [sys.executable, *SERVER.split()[1:], "noticeboard:create_app()"]
    command = [word.format(host="127.0.0.1", port=port) for word in server]
    with (project / "board.log").open("ab") as lines, (project / "err").open("ab") as rest:
        child = subprocess.Popen(command, cwd=project, stdout=lines, stderr=rest)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: accepts(url))
        said = init(
            project,
            "--service",
            f"board={url}",
            "--log",
            "board=board.log",
            "--path",
            "/notices",
            "--path",
            "/notices/3",
        )
        assert "board: log board.log: " in said
        assert "seatrial trial smoke --on external" in said
        document = verdict(project, "--on", "external")
        assert child.poll() is None
    finally:
        child.terminate()
        child.wait(20)
    assert (unwell(document), document["verdict"]) == ({}, "PASS")
    assert {"reconcile.client", "reconcile.logs", "traces.complete"} <= checked(document)


def test_what_was_found_by_looking_is_what_its_people_wrote(tmp_path: Path) -> None:
    project = copied("foreign", tmp_path, "web.py", "rates.py")
    init(
        project,
        *("--command", f"web=RATES_URL={{urls[rates]}} {SERVER} web:app"),
        *("--command", f"rates=RATES_LOG={{log_file}} {SERVER} rates:app"),
        *("--calls", "web=rates", "--metrics", "rates=/internal/prom", "--path", "/quotes/eur"),
    )
    found, theirs = (
        yaml.safe_load(path.read_text()) for path in (project / "telemetry.yml", HERE / "foreign/telemetry.yml")
    )
    assert found["roles"]["server_requests"] == theirs["roles"]["server_requests"]
    assert found["roles"]["log"]["server_request"] == theirs["roles"]["log"]["server_request"]
    assert found["services"]["rates"]["server_requests"] == theirs["services"]["rates"]["server_requests"]
    assert found["services"]["rates"]["log"]["server_request"] == theirs["services"]["rates"]["log"]["server_request"]


def test_a_service_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    done = seatrial(tmp_path, "init", "--command", "web=python -c 'raise SystemExit(\"no database\")' {port}")
    assert done.returncode == 3
    assert "no database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_does_not_answer_is_told_by_its_address(tmp_path: Path) -> None:
    done = seatrial(tmp_path, "init", "--service", "web=http://127.0.0.1:9")
    assert (done.returncode, list(tmp_path.iterdir())) == (3, [])
    assert "web does not answer at http://127.0.0.1:9. Start it, or correct its address." in done.stderr


def test_without_a_terminal_it_says_what_is_missing_and_what_it_found(tmp_path: Path) -> None:
    done = seatrial(copied("layouts/factory", tmp_path), "init")
    assert done.returncode == 64
    assert "Give --service NAME=URL or --command NAME=COMMAND" in done.stderr
    assert "--command 'noticeboard=python -m gunicorn noticeboard:create_app()" in done.stderr


def test_on_a_terminal_it_asks_and_proposes_what_it_found(tmp_path: Path) -> None:
    project = copied("layouts/module", tmp_path)
    shown, code = on_a_terminal(project, ["init"], "\n\n\n/words/1\n")
    assert code == 0, shown
    assert "what starts it?" in shown
    assert "/words/1" in (project / "loadtests" / "locustfile.py").read_text()
    assert yaml.safe_load((project / "fleet.yml").read_text())["services"]["app"]["command"][:4] == [
        "python",
        "-m",
        "gunicorn",
        "app:app",
    ]


def on_a_terminal(project: Path, arguments: Sequence[str], typed: str) -> tuple[str, int]:
    """What a person who types this sees."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [SEATRIAL, *arguments], cwd=project, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # Linux's way to say that nobody has the other end any more
        pass
    finally:
        os.close(ours)
    return shown.decode(errors="replace"), child.wait(60)

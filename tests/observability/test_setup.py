"""The script that prepares Elasticsearch and Kibana, run against a server on 127.0.0.1 that stands for both."""

from __future__ import annotations

import base64
import inspect
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from configured import TREE
from counterfeit import Counterfeit, serving

SCRIPT = TREE / "setup" / "setup.sh"
HEALTH, STATUS = "GET /_cluster/health", "GET /api/status"
IMPORT = "POST /api/saved_objects/_import"
STEPS = [
    HEALTH,
    "POST /_security/user/kibana_system/_password",
    "PUT /_security/role/seatrial_logstash",
    "PUT /_security/user/seatrial_logstash",
    "PUT /_component_template/seatrial-shop-logs.mappings",
    "PUT /_component_template/seatrial-shop-logs.settings",
    "PUT /_index_template/seatrial-shop-dead-letters",
    "PUT /_index_template/seatrial-shop-logs",
    STATUS,
    IMPORT,
]
# With everything that JSON, curl's files and a shell read otherwise.
AWKWARD = r"""a"b\c'd $e`f:g#%"""


@pytest.fixture
def server() -> Iterator[Counterfeit]:
    with serving() as counterfeit:
        yield counterfeit


@pytest.fixture
def environment(server: Counterfeit, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(tmp_path),
        "ELASTICSEARCH_URL": server.url,
        "KIBANA_URL": server.url,
        "ELASTIC_PASSWORD": AWKWARD,
        "KIBANA_SYSTEM_PASSWORD": f"kibana {AWKWARD}",
        "LOGSTASH_PASSWORD": f"logstash {AWKWARD}",
        "SETUP_SECONDS": "30",
        "SETUP_PAUSE": "0",
    }


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Of another script, when the environment names one."""
    script = environment.get("SCRIPT", str(SCRIPT))
    return subprocess.run(["/bin/sh", script], env=environment, capture_output=True, text=True, check=False)


def test_a_shell_can_read_it() -> None:
    assert subprocess.run(["/bin/sh", "-n", str(SCRIPT)], check=False).returncode == 0


def test_its_steps_come_in_their_order(server: Counterfeit, environment: dict[str, str]) -> None:
    done = run(environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert server.lines == STEPS


def test_each_rendered_template_is_put_as_it_is(server: Counterfeit, environment: dict[str, str]) -> None:
    run(environment)
    put = {each.line.rpartition("/")[2]: json.loads(each.body) for each in server.asked if "_template/" in each.line}
    files = (TREE / "elasticsearch").glob("*.json")
    assert put == {file.stem.partition(".")[2]: json.loads(file.read_text()) for file in files}


def test_it_may_run_again(server: Counterfeit, environment: dict[str, str]) -> None:
    assert [run(environment).returncode for _ in range(2)] == [0, 0]
    assert server.lines == STEPS * 2


def test_passwords_arrive_as_they_are(server: Counterfeit, environment: dict[str, str]) -> None:
    run(environment)
    bodies = {each.line: each.body for each in server.asked}
    assert {each.headers["authorization"] for each in server.asked} == {
        f"Basic {base64.b64encode(f'elastic:{AWKWARD}'.encode()).decode()}"
    }
    assert json.loads(bodies[STEPS[1]]) == {"password": f"kibana {AWKWARD}"}
    assert json.loads(bodies[STEPS[3]]) == {"password": f"logstash {AWKWARD}", "roles": ["seatrial_logstash"]}


def test_kibana_gets_all_objects_as_a_file(server: Counterfeit, environment: dict[str, str]) -> None:
    run(environment)
    sent = server.asked[-1]
    assert (sent.query, sent.headers["kbn-xsrf"]) == ("overwrite=true", "true")
    assert sent.headers["content-type"].startswith("multipart/form-data")
    assert b'filename="objects.ndjson"' in sent.body
    assert (TREE / "kibana" / "objects.ndjson").read_bytes() in sent.body


def test_both_are_waited_for(server: Counterfeit, environment: dict[str, str]) -> None:
    server.answers = {HEALTH: [(503, ""), (408, ""), (200, "{}")], STATUS: [(503, "not yet"), (200, "{}")]}
    assert run(environment).returncode == 0
    assert server.lines == [HEALTH, HEALTH, *STEPS[:-1], STATUS, IMPORT]


@pytest.mark.parametrize("step", [step for step in STEPS if step not in {HEALTH, STATUS}])
def test_a_refusal_ends_it_and_is_told(step: str, server: Counterfeit, environment: dict[str, str]) -> None:
    server.answers = {step: [(403, '{"error": "not yours"}')]}
    done = run(environment)
    assert done.returncode == 1
    assert 'answered 403: {"error": "not yours"}' in done.stderr
    assert server.lines[-1] == step


@pytest.mark.parametrize("step", [HEALTH, STATUS])
def test_who_never_gets_ready_is_told(step: str, server: Counterfeit, environment: dict[str, str]) -> None:
    server.answers = {step: [(401, "who are you?")]}
    done = run(environment | {"SETUP_SECONDS": "0"})
    assert done.returncode == 1
    assert "was not ready within 0 s" in done.stderr
    assert "answered 401: who are you?" in done.stderr


def test_nobody_there_is_told(environment: dict[str, str]) -> None:
    done = run(environment | {"SETUP_SECONDS": "0", "ELASTICSEARCH_URL": "http://127.0.0.1:1"})
    assert done.returncode == 1
    assert "answered 000: curl" in done.stderr


def test_an_import_that_failed_is_noticed(server: Counterfeit, environment: dict[str, str]) -> None:
    server.answers = {IMPORT: [(200, '{"success":false,"errors":[{"id":"x"}]}')]}
    done = run(environment)
    assert done.returncode == 1
    assert 'did not import all: {"success":false,"errors":[{"id":"x"}]}' in done.stderr


@pytest.mark.parametrize("name", ["ELASTIC_PASSWORD", "KIBANA_SYSTEM_PASSWORD", "LOGSTASH_PASSWORD"])
@pytest.mark.parametrize("value", ["", "tab\tin it", "line\nin it", "größe"])
def test_a_password_that_cannot_be_is_refused_at_once(
    name: str, value: str, server: Counterfeit, environment: dict[str, str]
) -> None:
    done = run(environment | {name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert server.asked == []


@pytest.mark.parametrize("kind", ["component", "index"])
def test_templates_that_are_not_rendered_are_missed(
    kind: str, server: Counterfeit, environment: dict[str, str], tmp_path: Path
) -> None:
    own = Path(environment.get("SCRIPT", SCRIPT)).parents[1]
    tree = Path(shutil.copytree(own, tmp_path / "tree"))
    for file in (tree / "elasticsearch").glob(f"{kind}.*.json"):
        file.unlink()
    done = run(environment | {"SCRIPT": str(tree / "setup" / "setup.sh")})
    assert done.returncode == 1
    assert "Run `seatrial render`" in done.stderr
    assert STATUS not in server.lines


@pytest.mark.parametrize("answers", [{}, {IMPORT: [(500, "")]}], ids=["well", "failed"])
def test_no_password_is_left_behind(
    answers: dict[str, list[tuple[int, str]]], server: Counterfeit, environment: dict[str, str], tmp_path: Path
) -> None:
    server.answers = answers
    run(environment)
    assert list(tmp_path.iterdir()) == []


# What stands in the script, what is planted in its place, and the test that must see it.
PLANTED: list[tuple[str, str, Callable[..., None], dict[str, Any]]] = [
    (
        "put_templates component",
        "put_templates index _index_template; put_templates component",
        test_its_steps_come_in_their_order,
        {},
    ),
    ('"$file" .json)', '"$file")', test_each_rendered_template_is_put_as_it_is, {}),
    ("sed 's/[\\\\\"]/\\\\&/g'", "cat", test_passwords_arrive_as_they_are, {}),
    ("overwrite=true", "overwrite=false", test_kibana_gets_all_objects_as_a_file, {}),
    ("kbn-xsrf: true", "kbn-xsrf: false", test_kibana_gets_all_objects_as_a_file, {}),
    ('"$status" != 200', '"$status" = 000', test_both_are_waited_for, {}),
    ("2??)", "*)", test_a_refusal_ends_it_and_is_told, {"step": STEPS[2]}),
    ("answered $status: $answer", "failed", test_a_refusal_ends_it_and_is_told, {"step": STEPS[4]}),
    ("answered $status: $answer", "failed", test_who_never_gets_ready_is_told, {"step": HEALTH}),
    ("--show-error", "--fail", test_nobody_there_is_told, {}),
    ("'\"success\" *: *true'", "success", test_an_import_that_failed_is_noticed, {}),
    (
        "*[!\\ -~]*)",
        "*[!a]b*)",
        test_a_password_that_cannot_be_is_refused_at_once,
        {"name": "LOGSTASH_PASSWORD", "value": "größe"},
    ),
    ('[ -f "$file" ]', "true", test_templates_that_are_not_rendered_are_missed, {"kind": "index"}),
    ('rm -rf -- "$work"', "true", test_no_password_is_left_behind, {"answers": {}}),
]


@pytest.mark.parametrize(
    "before, planted, test, given", PLANTED, ids=[f"{row[2].__name__}-{row[1]}" for row in PLANTED]
)
def test_a_planted_mistake_is_found(  # noqa: PLR0913, PLR0917 - a row of the table, and what the tests take
    before: str,
    planted: str,
    test: Callable[..., None],
    given: dict[str, Any],
    server: Counterfeit,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
) -> None:
    tree = Path(shutil.copytree(TREE, tmp_path_factory.mktemp("planted") / "observability"))
    script = tree / "setup" / "setup.sh"
    assert before in script.read_text()
    script.write_text(script.read_text().replace(before, planted))
    takes = {"server": server, "environment": environment | {"SCRIPT": str(script)}, "tmp_path": tmp_path, **given}
    with pytest.raises((AssertionError, ValueError)):
        test(**{name: takes[name] for name in inspect.signature(test).parameters})

"""A hook is a command of the project: what counts as its answer, and what as none."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from stack_runs import carriers, until

from seatrial.errors import Exit, HookError
from seatrial.hooks import run_hook
from seatrial.settings import child_environment


def call(tmp_path: Path, code: str, timeout: float = 20.0, document: dict[str, Any] | None = None) -> dict[str, Any]:
    command = ["python", "-c", textwrap.dedent(code)]
    log = tmp_path / "hook.out"
    return run_hook(
        "demo",
        command,
        document or {},
        cwd=tmp_path,
        environment=child_environment(f"hook-{tmp_path.name}"),
        log=log,
        timeout=timeout,
    )


def test_one_document_goes_in_and_one_comes_out(tmp_path: Path) -> None:
    code = "import json, sys; json.dump({'double': json.load(sys.stdin)['n'] * 2}, sys.stdout)"
    assert call(tmp_path, code, document={"n": 21}) == {"double": 42}


def test_it_knows_its_run_and_works_in_the_projects_folder(tmp_path: Path) -> None:
    code = "import json, os, sys; json.dump([os.environ['SEATRIAL_RUN_ID'], os.getcwd()], sys.stdout)"
    answer = call(tmp_path, f"print('{{\"seen\":', flush=True); {code}; print('}}')")
    assert answer["seen"] == [f"hook-{tmp_path.name}", str(tmp_path)]


def test_a_document_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    assert call(tmp_path, "print('{}')", document={"long": "x" * 1_000_000}) == {}


def test_what_it_says_on_standard_error_is_kept(tmp_path: Path) -> None:
    call(tmp_path, "import sys; sys.stderr.write('made 3'); print('{}')")
    assert (tmp_path / "hook.out").read_text() == "made 3"


@pytest.mark.parametrize(
    "code, words",
    [
        pytest.param("import sys; print('{}'); sys.exit('no store')", "exit code 1.*\n *no store", id="exit code"),
        pytest.param("", "answered '', which is no JSON", id="no output"),
        pytest.param("print('done')", "answered 'done", id="no JSON"),
        pytest.param("print('[1]')", "instead of a JSON object", id="no object"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "exit code -9", id="killed"),
    ],
)
def test_no_answer_is_inconclusive(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(HookError, match=words) as caught:
        call(tmp_path, code)
    assert caught.value.exit_code is Exit.INCONCLUSIVE


def test_a_command_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(HookError, match="cannot start"):
        run_hook("demo", ["./absent"], {}, cwd=tmp_path, environment=child_environment("r"), log=tmp_path / "hook.out")


def test_one_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    started = time.monotonic()
    with pytest.raises(HookError, match=r"no answer within 0.5 s"):
        call(tmp_path, code, timeout=0.5)
    assert time.monotonic() - started < 10
    until(lambda: not carriers(f"hook-{tmp_path.name}"))

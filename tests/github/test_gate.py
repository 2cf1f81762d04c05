"""gate.sh, which turns a trial's exit code into GitHub's words, with a seatrial that ends as it is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from automation import GITHUB
from refusals import Names, refusal
from shams import Shams, outputs, quoted

GATE = GITHUB / "actions" / "trial" / "gate.sh"
ENDS = [
    (0, "PASS", "notice"),
    (1, "FAIL", "error"),
    (2, "INCONCLUSIVE", "error"),
    (3, "HARNESS-FAILED", "error"),
    (64, "WRONG-USAGE", "error"),
    (130, "INTERRUPTED", "error"),
    (137, "UNKNOWN", "error"),
]
LAST = "the last word: 100% of it"
# As a trial leaves its run: to the folder after --runs.
TRIAL = """
while [ "$1" != --runs ]; do shift; done
run=$2/20261126-120000-abcd
mkdir -p "$run"/{samples,logs,metrics,stores}
echo '## a summary' >"$run/summary.md"
for each in report.html verdict.json junit.xml run.json identities.json samples/a logs/b metrics/c stores/d; do
  echo x >"$run/$each"
done
"""


@pytest.fixture
def shams(tmp_path: Path) -> Shams:
    files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "shown", "GATE_KEEP": "kept"}
    return Shams(tmp_path, {name: str(tmp_path / file) for name, file in files.items()})


def seatrial(shams: Shams, code: int, *, leaves_a_run: bool = True) -> None:
    shams.make("seatrial", f"{TRIAL if leaves_a_run else ''}\necho first\necho {quoted(LAST)}\necho >&2\nexit {code}")


def typed(shams: Shams) -> list[str]:
    (arguments,) = shams.called("seatrial")
    return arguments


@pytest.mark.parametrize("code, verdict, level", ENDS)
def test_the_exit_code_survives_and_is_named(code: int, verdict: str, level: str, shams: Shams) -> None:
    seatrial(shams, code)
    done = shams.run(GATE)
    assert done.returncode == code, done.stderr
    told = outputs(shams.folder / "output")
    assert (told["verdict"], told["exit-code"]) == (verdict, str(code))
    assert f"::{level} title=Seatrial {verdict}::the last word: 100%25 of it" in done.stdout.splitlines()


def test_it_says_where_the_run_and_its_report_are(shams: Shams) -> None:
    seatrial(shams, 0)
    shams.run(GATE)
    told = outputs(shams.folder / "output")
    run = shams.folder / "runs" / "20261126-120000-abcd"
    assert (told["run"], told["report"]) == (str(run), str(run / "report.html"))


def test_the_summary_is_the_runs(shams: Shams) -> None:
    seatrial(shams, 1)
    shams.run(GATE)
    assert (shams.folder / "shown").read_text() == "## a summary\n"


@pytest.mark.parametrize("code", [3, 64, 130])
def test_without_a_run_the_summary_is_what_was_said(code: int, shams: Shams) -> None:
    seatrial(shams, code, leaves_a_run=False)
    done = shams.run(GATE)
    assert done.returncode == code
    shown = (shams.folder / "shown").read_text()
    assert f"exit code {code}" in shown
    assert LAST in shown
    assert outputs(shams.folder / "output")["run"] == ""


def test_a_run_that_lay_there_before_is_not_this_ones(shams: Shams) -> None:
    seatrial(shams, 1)
    shams.run(GATE)
    time.sleep(0.05)
    seatrial(shams, 3, leaves_a_run=False)
    (shams.folder / "output").unlink()
    shams.run(GATE)
    assert outputs(shams.folder / "output")["run"] == ""


def test_inconclusive_can_be_let_through_and_is_no_pass(shams: Shams) -> None:
    seatrial(shams, 2)
    done = shams.run(GATE, GATE_INCONCLUSIVE="allow")
    assert done.returncode == 0
    assert "::warning title=Seatrial INCONCLUSIVE::" in done.stdout
    told = outputs(shams.folder / "output")
    assert (told["verdict"], told["exit-code"]) == ("INCONCLUSIVE", "2")
    assert "INCONCLUSIVE does not block here" in (shams.folder / "shown").read_text()


@pytest.mark.parametrize("code", [1, 3, 64, 130, 137])
def test_nothing_else_is_let_through(code: int, shams: Shams) -> None:
    seatrial(shams, code)
    assert shams.run(GATE, GATE_INCONCLUSIVE="allow").returncode == code
    assert "does not block" not in (shams.folder / "shown").read_text()


@pytest.mark.parametrize("word", ["Allow", "yes", "ignore"])
def test_a_mistyped_policy_is_refused_before_anything_runs(word: str, shams: Shams) -> None:
    seatrial(shams, 0)
    assert shams.run(GATE, GATE_INCONCLUSIVE=word).returncode == 64
    assert shams.called("seatrial") == []


def test_everything_asked_for_is_passed_on_and_could_be_typed(shams: Shams) -> None:
    seatrial(shams, 0)
    shams.run(
        GATE,
        GATE_PROFILE="smoke",
        GATE_ON="local",
        GATE_PROJECT="some where/seatrial.yml",
        GATE_SEED="7",
        GATE_FAULT="latency=0.6@orders\n\ncharge-twice@payments",
        GATE_RUNS="elsewhere",
    )
    assert typed(shams) == [
        "--project", "some where/seatrial.yml", "trial", "smoke", "--on", "local", "--seed", "7",
        "--fault", "latency=0.6@orders", "--fault", "charge-twice@payments", "--runs", "elsewhere", "--no-page",
    ]  # fmt: skip
    assert refusal(["seatrial", *typed(shams)], Names.of([])) is None


def test_nothing_asked_for_is_seatrials_own_default(shams: Shams) -> None:
    seatrial(shams, 0)
    shams.run(GATE)
    assert typed(shams) == ["trial", "--runs", "runs", "--no-page"]
    assert refusal(["seatrial", *typed(shams)], Names.of([])) is None


def test_another_verb_is_judged_likewise(shams: Shams) -> None:
    seatrial(shams, 2, leaves_a_run=False)
    done = shams.run(GATE, "drill", "--all", "--json", "drills.json")
    assert done.returncode == 2
    assert typed(shams) == ["drill", "--all", "--json", "drills.json"]
    assert "::error title=Seatrial INCONCLUSIVE::" in done.stdout


def kept(shams: Shams) -> set[str]:
    folder = shams.folder / "kept"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


REPORT = {"said.txt", "summary.md", "report.html", "verdict.json", "junit.xml", "run.json", "samples/a"}


@pytest.mark.parametrize(
    "code, files", [(0, REPORT), (1, REPORT | {"logs/b", "metrics/c"}), (2, REPORT | {"logs/b", "metrics/c"})]
)
def test_what_is_kept(code: int, files: set[str], shams: Shams) -> None:
    """Neither stores nor tokens."""
    seatrial(shams, code)
    shams.run(GATE)
    assert kept(shams) == files
    assert (shams.folder / "kept" / "summary.md").read_text() == (shams.folder / "shown").read_text()


def test_without_a_run_its_words_are_kept(shams: Shams) -> None:
    seatrial(shams, 3, leaves_a_run=False)
    shams.run(GATE)
    assert kept(shams) == {"said.txt", "summary.md"}


def test_it_needs_nothing_of_github(tmp_path: Path) -> None:
    shams = Shams(tmp_path)
    seatrial(shams, 1)
    done = shams.run(GATE)
    assert done.returncode == 1
    assert done.stderr == ""
    assert {path.name for path in tmp_path.iterdir()} == {"seatrial", "seatrial.called", "runs"}


def test_what_the_fleet_says_is_no_command_to_github(shams: Shams) -> None:
    shams.make("seatrial", "echo '::set-env name=PATH::/evil'; exit 1")
    lines = shams.run(GATE).stdout.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("::stop-commands::"))
    end = lines.index(f"::{lines[begin].removeprefix('::stop-commands::')}::")
    assert begin < lines.index("::set-env name=PATH::/evil") < end


def test_a_command_that_is_not_there_fails(shams: Shams) -> None:
    assert shams.run(GATE, GATE_COMMAND="./nowhere/seatrial").returncode == 127
    assert outputs(shams.folder / "output")["verdict"] == "UNKNOWN"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_lets_the_trial_stop_its_fleet(number: signal.Signals, shams: Shams) -> None:
    """GitHub tells the first process only; the trial hears Ctrl-C, and is waited for."""
    shams.make(
        "seatrial",
        "trap 'sleep 0.2; echo the fleet is stopped; exit 130' INT\necho running\nwhile :; do sleep 0.05; done",
    )
    # Whoever runs these tests in the background may have them ignore SIGINT, which children would inherit.
    heeding = (
        f"import os, signal; signal.signal({int(number)}, signal.SIG_DFL); os.execvp('bash', ['bash', {str(GATE)!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", heeding], cwd=shams.folder, env=shams.surroundings({}), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert any(line == "running\n" for line in process.stdout)
        process.send_signal(number)
        rest = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "the fleet is stopped" in rest
    assert outputs(shams.folder / "output")["verdict"] == "INTERRUPTED"

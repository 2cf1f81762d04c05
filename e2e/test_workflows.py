"""The workflows' own steps, as far as they run without GitHub: what they call does what they rely on, and their checks can go red."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from automation import ROOT, Step, steps
from checkout import GIT, Checkout
from shams import Shams, outputs

pytestmark = pytest.mark.slow
GATE = ".github/actions/trial/gate.sh"
# Of the jobs lint and types: each, but what needs the network once and is asked below.
ALONE = [step for step in steps() if step.file == "ci" and step.job in {"lint", "types"} and ".venv/bin/" in step.run]
# Text, what is planted in its place, and what then is said. What GitHub would not take:
MALFORMED = [
    ("workflows/ci.yml", "timeout-minutes: 15", "timeout-minute: 15", 'unexpected key "timeout-minute"'),
    ("workflows/security.yml", "runs-on: ubuntu-24.04", "runs-on: [ubuntu-24.04, 7, {}]", "FAIL  schema of workflows"),
    ("actions/trial/action.yml", "using: composite", "using: composit", "FAIL  schema of actions"),
    ("dependabot.yml", "interval: weekly", "interval: weakly", "FAIL  schema of dependabot.yml"),
    ("ISSUE_TEMPLATE/bug.yml", "type: dropdown", "type: dropsdown", "FAIL  schema of issue forms"),
    ("ISSUE_TEMPLATE/config.yml", "enabled: true", "enabled: perhaps", "FAIL  schema of the issue page"),
]
# And what it would take, and should not get:
UNSAFE = [
    ("workflows/ci.yml", "run: .venv/bin/mypy", "run: .venv/bin/mypy $OTHER", "SC2086"),
    ("workflows/ci.yml", "command: .venv/bin/seatrial", "comand: .venv/bin/seatrial", 'input "comand" is not defined'),
    ("workflows/ci.yml", "permissions: {}", "permissions: write-all", "excessive-permissions"),
    ("workflows/load.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
    ("workflows/load.yml", "run: exec ", "run: echo ${{ github.head_ref }}; ", "template-injection"),
    ("workflows/release.yml", "        with:\n          persist-credentials: false\n", "", "artipacked"),
    ("workflows/security.yml", "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    ("dependabot.yml", "default-days: 7", "default-days: 1", "dependabot-cooldown"),
    ("actions/trial/gate.sh", 'compose_call "$@"', "compose_call $@", "SC2068"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.copy(tmp_path / "checkout")


@pytest.mark.parametrize("step", ALONE, ids=str)
def test_a_step_does_what_it_says(step: Step, checkout: Checkout) -> None:
    done = checkout.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run])
    assert done.code == 0, done.output


def test_these_are_steps() -> None:
    assert {step.content["name"] for step in ALONE} == {"Format", "Lint", "Types"}


@pytest.fixture(scope="module")
def tools() -> Path:
    """What the checks need, which comes from registries the first time."""
    if not (shutil.which("go") or list(ROOT.glob(".tools/actionlint-*/actionlint"))):
        pytest.skip("no Go was found, so actionlint could not be built. Install Go 1.21 or newer.")
    done = subprocess.run(["make", "check-workflows"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - whichever the machine has
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / ".tools"


@pytest.fixture
def with_tools(checkout: Checkout, tools: Path) -> Iterator[Checkout]:
    (checkout.root / ".tools").symlink_to(tools)
    subprocess.run([GIT, "init", "--quiet"], cwd=checkout.root, check=True)  # actionlint looks for actions from there
    yield checkout
    (checkout.root / ".tools").unlink()


@pytest.mark.parametrize("planted", [MALFORMED, UNSAFE], ids=["malformed", "unsafe"])
def test_planted_faults_are_found(planted: list[tuple[str, str, str, str]], with_tools: Checkout) -> None:
    for file, text, instead, _ in planted:
        path = with_tools.root / ".github" / file
        before = path.read_text(encoding="utf-8")
        assert text in before
        path.write_text(before.replace(text, instead, 1), encoding="utf-8")
    done = with_tools.run([".github/check.sh"])
    assert done.code == 1
    assert [words for *_, words in planted if words not in done.output] == [], done.output


def test_a_real_trial_is_judged_and_told(checkout: Checkout, tmp_path: Path) -> None:
    shams = Shams(
        checkout.root,
        {
            **checkout.environment,
            "GATE_COMMAND": ".venv/bin/seatrial",
            "GATE_PROFILE": "smoke",
            "GATE_ON": "local",
            "GATE_KEEP": str(tmp_path / "kept"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "shown"),
        },
    )
    done = shams.run(checkout.root / GATE, seconds=240)
    if done.returncode == 2:  # the machine kept the generator from its work: ask once more
        for file in ("output", "shown"):
            (tmp_path / file).unlink()
        done = shams.run(checkout.root / GATE, seconds=240)
    assert done.returncode == 0, done.stdout + done.stderr
    told = outputs(tmp_path / "output")
    assert told["verdict"] == "PASS"
    assert Path(told["report"]).is_file()
    assert "::notice title=Seatrial PASS::PASS: all " in done.stdout
    assert (tmp_path / "shown").read_text() == (Path(told["run"]) / "summary.md").read_text()
    assert (tmp_path / "kept" / "samples" / "requests.parquet").is_file()


def test_a_real_mistake_is_told_as_one(checkout: Checkout, tmp_path: Path) -> None:
    shams = Shams(checkout.root, {**checkout.environment, "GITHUB_OUTPUT": str(tmp_path / "output")})
    done = shams.run(checkout.root / GATE, GATE_COMMAND=".venv/bin/seatrial", GATE_PROFILE="nobody")
    assert done.returncode == 64
    assert outputs(tmp_path / "output")["verdict"] == "WRONG-USAGE"
    assert "no profile 'nobody'" in done.stdout.splitlines()[-1]

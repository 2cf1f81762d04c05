"""The workflows hold to the house's rules, and what they call is there. That actionlint and zizmor are content: `make check-workflows`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from automation import GITHUB, ROOT, Loader, Step, actions, expressions, files, jobs, read, steps, workflows
from typed import commands, refused, targets
from written import blocks

PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
JOBS = [pytest.param(content, id=f"{name}:{job}") for name, job, content in jobs()]
WORKFLOWS = [pytest.param(content, id=name) for name, content in workflows().items()]
STEPS = [pytest.param(step, id=str(step)) for step in steps()]
SHELL = [pytest.param(step, id=str(step)) for step in steps() if step.run]
LOCAL = [pytest.param(step, id=str(step)) for step in steps() if step.uses.startswith("./")]
# Who may write what. Everybody else may read the contents, and nothing more.
MAY = {
    "ci:comment": {"pull-requests": "write"},
    "ci:gate": {},
    "release:passed": {"checks": "read"},
    "release:attest": {"id-token": "write", "attestations": "write"},
    "release:images": {"packages": "write", "id-token": "write", "attestations": "write"},
    "release:publish": {"id-token": "write"},
    "release:announce": {"contents": "write"},
}


def test_the_workflows_are_there() -> None:
    assert set(workflows()) == {"ci", "load", "release", "security"}
    assert "./.github/actions/trial" in actions()


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(GITHUB).as_posix())
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        used = re.match(r"^\s*(?:- )?uses: (\S+)(.*)$", line)
        if used and not used[1].startswith("./"):
            assert PINNED.match(used[1]), line
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line


def test_an_action_has_one_version() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in files())
    used = set(re.findall(r"uses: ([\w.-]+/[\w./-]+)@(\S+ # \S+)", text))
    assert len(used) == len({name for name, _ in used})


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_nothing_is_allowed_by_default(workflow: Any) -> None:
    assert workflow["permissions"] == {}


@pytest.mark.parametrize("name, job, content", jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_may_do_what_it_must(name: str, job: str, content: Any) -> None:
    checks_out = any(str(step.get("uses", "")).startswith("actions/checkout@") for step in content["steps"])
    reads = {"contents": "read"} if checks_out else {}
    assert content["permissions"] == reads | MAY.get(f"{name}:{job}", {})


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends(job: Any) -> None:
    assert 0 < job["timeout-minutes"] <= 75
    assert re.fullmatch(r"ubuntu-\d+\.\d+", job["runs-on"]), "a runner that changes by itself changes the verdict"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_runs_of_one_thing_do_not_pile_up(workflow: Any) -> None:
    assert workflow["concurrency"]["group"]
    assert "cancel-in-progress" in workflow["concurrency"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_no_workflow_runs_a_strangers_code_with_our_token(workflow: Any) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow["on"])


@pytest.mark.parametrize("step", STEPS)
def test_a_checkout_leaves_no_token_behind(step: Step) -> None:
    if step.uses.startswith("actions/checkout@"):
        assert step.inputs["persist-credentials"] is False


@pytest.mark.parametrize("step", SHELL)
def test_no_expression_is_written_into_a_shell(step: Step) -> None:
    assert list(expressions(step.run)) == []
    assert set(step.content) <= {"name", "id", "if", "env", "run", "shell", "working-directory", "continue-on-error"}


@pytest.mark.parametrize("step", STEPS)
def test_every_step_says_what_it_is_for(step: Step) -> None:
    assert step.content["name"]


def test_the_gate_waits_for_every_other_job() -> None:
    found = workflows()["ci"]["jobs"]
    assert set(found["gate"]["needs"]) == set(found) - {"gate"}
    assert found["gate"]["if"] == "${{ always() }}", "a gate that is skipped lets through"


@pytest.mark.parametrize("job", [name for name in workflows()["ci"]["jobs"] if name != "gate"])
def test_no_job_before_the_gate_is_left_out_on_purpose(job: str) -> None:
    assert workflows()["ci"]["jobs"][job].get("if") in {None, "${{ !cancelled() }}"}
    assert "continue-on-error" not in workflows()["ci"]["jobs"][job]


def test_the_gate_is_not_filtered_away() -> None:
    """A required check of a workflow that is not started waits for ever, or is taken for good."""
    assert workflows()["ci"]["on"] == {"push": {"branches": ["main"]}, "pull_request": None, "merge_group": None}


@pytest.mark.parametrize("step", SHELL)
def test_what_a_step_calls_is_there(step: Step) -> None:
    for words in commands(step.run):
        if words[0].startswith("$GITHUB_ACTION_PATH/"):
            assert (ROOT / step.file / words[0].partition("/")[2]).stat().st_mode & 0o111, words
        else:
            assert refused(words) is None, words


@pytest.mark.parametrize("step", LOCAL)
def test_an_action_of_ours_is_given_what_it_takes(step: Step) -> None:
    assert set(step.inputs) <= set(actions()[step.uses].get("inputs", {}))


def shown() -> list[tuple[str, Any]]:
    """The steps that pages tell others to write."""
    pages = ["docs/how-to/gate-pull-requests.md", ".github/actions/trial/README.md"]
    found = [(page, yaml_block) for page in pages for yaml_block in blocks((ROOT / page).read_text(encoding="utf-8"))]
    documents = [(page, Loader(block.text).get_single_data()) for page, block in found if block.language == "yaml"]
    return [(page, step) for page, document in documents for step in _steps_of(document)]


def _steps_of(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    return [step for job in document.get("jobs", document).values() for step in job["steps"]]


def test_what_pages_show_is_what_the_actions_take() -> None:
    ours = [(page, step) for page, step in shown() if step["uses"].startswith("OWNER/seatrial/")]
    assert {page for page, _ in ours} == {"docs/how-to/gate-pull-requests.md", ".github/actions/trial/README.md"}
    for page, step in ours:
        action = actions()["./" + step["uses"].removeprefix("OWNER/seatrial/").removesuffix("@COMMIT")]
        assert set(step.get("with", {})) <= set(action["inputs"]), page


def test_what_pages_show_of_others_is_pinned_as_here() -> None:
    here = {step.uses for step in steps()}
    assert {step["uses"] for _, step in shown() if not step["uses"].startswith("OWNER/")} <= here


def test_every_input_and_output_is_on_the_actions_page() -> None:
    page = (GITHUB / "actions" / "trial" / "README.md").read_text(encoding="utf-8")
    action = actions()["./.github/actions/trial"]
    assert [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in page] == []


def test_all_code_is_linted() -> None:
    """What `make check` formats and lints."""
    code = re.search(r"^CODE := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert code
    linted = [words for step in steps() for words in commands(step.run) if words[0].endswith("/ruff")]
    assert {tuple(word for word in words[2:] if not word.startswith("-")) for words in linted} == {
        tuple(code[1].split())
    }
    assert [words[1] for words in linted] == ["format", "check"]


def test_every_supported_python_is_tested() -> None:
    declared = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert workflows()["ci"]["jobs"]["tests"]["strategy"]["matrix"]["python"] == declared


def profiles_named() -> set[str]:
    nightly = workflows()["load"]["jobs"]["nightly"]["strategy"]["matrix"]["profile"]
    asked = workflows()["load"]["on"]["workflow_dispatch"]["inputs"]["profile"]["default"]
    given = [str(step.inputs.get("profile", "")) for step in steps() if step.uses == "./.github/actions/trial"]
    return {*nightly, asked, *(each for each in given if each and "${{" not in each)}


def test_profiles_that_are_named_are_there() -> None:
    assert {"steady", "soak", "trial"} <= profiles_named()
    assert [name for name in profiles_named() if not (ROOT / "loadtests" / "profiles" / f"{name}.yml").is_file()] == []


def test_stacks_that_are_offered_are_stacks() -> None:
    offered = workflows()["load"]["on"]["workflow_dispatch"]["inputs"]["stack"]["options"]
    assert offered == ["local", "compose"], "the shop has no replicas that somebody else runs"
    assert [refused([".venv/bin/seatrial", "trial", "--on", stack]) for stack in offered] == [None] * len(offered)


@pytest.mark.parametrize("uses", [step for step in steps() if step.uses == "./.github/actions/trial"], ids=str)
def test_a_trial_here_is_of_what_was_checked_out(uses: Step) -> None:
    assert uses.inputs["command"] == ".venv/bin/seatrial"


def test_artefacts_of_one_workflow_have_names_of_their_own() -> None:
    for name in workflows():
        given = [
            step.inputs.get("artifact") or step.inputs["name"]
            for step in steps()
            if step.file == name and (step.uses.endswith("/trial") or "upload-artifact@" in step.uses)
        ]
        assert len(given) == len(set(given))


def test_a_release_takes_nothing_from_a_cache() -> None:
    assert [
        step.uses for step in steps() if step.file == "release" and ("cache" in step.uses or step.uses[0:1] == ".")
    ] == []


def test_dependabot_looks_at_what_is_there() -> None:
    updates = read(GITHUB / "dependabot.yml")["updates"]
    folders = [folder for each in updates for folder in each.get("directories", [each.get("directory")])]
    assert [folder for folder in folders if not list(ROOT.glob(folder.strip("/") or "README.md"))] == []
    assert all(each["cooldown"]["default-days"] >= 7 and each["groups"] for each in updates)
    assert {each["package-ecosystem"] for each in updates} == {"pip", "github-actions", "docker", "docker-compose"}
    named = {
        folder for each in updates if each["package-ecosystem"] == "github-actions" for folder in each["directories"]
    }
    for action in actions():
        assert any(Path(action.removeprefix(".")).match(pattern) for pattern in named if pattern != "/"), action


def test_the_tools_are_locked_by_hash() -> None:
    wanted = re.findall(r"^([a-z][a-z0-9-]*)$", (GITHUB / "requirements.in").read_text(), re.MULTILINE)
    lock = (GITHUB / "requirements.lock").read_text()
    assert "zizmor" in wanted
    assert all(re.search(rf"^{name}==\S+", lock, re.MULTILINE) for name in wanted)
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "://" not in lock


@pytest.mark.parametrize(
    "script, found",
    [
        ("make setup PYTHON=python", [["make", "setup", "PYTHON=python"]]),
        ("A=1 .venv/bin/pytest e2e \\\n  -n 2 > out.txt 2>&1", [[".venv/bin/pytest", "e2e", "-n", "2", "2"]]),
        ("if ! one && two; then\n  exec three 'a b'\nfi", [["one"], ["two"], ["three", "a b"]]),
        ('for x in a b; do\n  use "$x" | tail\ndone', [["for", "x", "in", "a", "b"], ["use", "$x"], ["tail"]]),
        ("python3 - <<'END'\nimport json; x()\nEND\nlast", [["python3", "-"], ["last"]]),
        ("one # two", [["one"]]),
    ],
)
def test_shell_is_taken_apart(script: str, found: list[list[str]]) -> None:
    assert commands(script) == found


@pytest.mark.parametrize(
    "script, words",
    [
        ("make trail", "make has no trail"),
        (".venv/bin/pytset tests", "installs no pytset"),
        (".venv/bin/pytest tests/nothing", "there is no tests/nothing"),
        (".venv/bin/seatrial tril", "No such command 'tril'"),
        (".venv/bin/seatrial drill --fats", "No such option: --fats"),
        (".github/actions/trial/gate.sh drill --fats", "No such option: --fats"),
        (".github/scripts/nothing.sh", "cannot be run"),
        (".tools/workflows/bin/nothing", "installs no nothing"),
        (".tools/bin/pip x", "installs no pip"),
        ("for lock in nothing.lock; do", "there is no nothing.lock"),
        ("docker compose --profile nothing build", "no profile nothing"),
        ("curl https://example.org", "no program 'curl'"),
    ],
)
def test_what_is_not_there_is_noticed(script: str, words: str) -> None:
    assert words in str([refused(each) for each in commands(script)])


def test_make_has_the_verb_that_checks_workflows() -> None:
    assert {"check-workflows", "setup", ".tools/bin/uv"} <= targets()


def test_a_planted_expression_is_seen() -> None:
    assert list(expressions('echo "${{ github.event.pull_request.title }}"')) == ["github.event.pull_request.title"]


def test_yaml_is_read_as_github_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("on: push\nyes: true\n")
    assert read(file) == {"on": "push", "yes": True}
    assert True in yaml.safe_load("on: push")

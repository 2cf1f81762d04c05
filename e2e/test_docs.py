"""Every command of the documentation is typed as it stands, and what the pages say of it comes true.

How, and what cannot be: documented.yml. That each could be typed at all: tests/docs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import Checkout, Done
from typist import TABLE, Typist, key, needs_a_stack, reads_a_run, takes_minutes, unseen
from written import Command, changes, commands, pages, read

TUTORIAL = "docs/tutorial.md"
CHANGING = [page for page in pages() if changes(read(page))]
WALKS = "tests/loadtests/test_journeys.py::test_journeys_ask_as_often_as_their_description_says"
RULES = {
    "fleet/": ["tests/architecture", "tests/deploy"],
    "seatrial/": ["tests/architecture"],
    "loadtests/": ["tests/loadtests", f"--deselect={WALKS}"],
}
# What takes longer: each journey walked 2000 times, and what finds fault with a service that it does not name.
LONG_RULES = [WALKS, "tests/fleet/test_openapi_holds.py", "tests/fleet/test_bad_input.py", "tests/fleet/gateway"]


def distinct(*chosen: str) -> list[Command]:
    """The commands of these pages, each once, that can be run."""
    found = {key(command): command for page in reversed(chosen) for command in reversed(commands(page, read(page)))}
    return [command for text, command in reversed(found.items()) if text not in TABLE["not_run"]]


def typed_elsewhere() -> set[str]:
    return {key(command) for command in distinct(TUTORIAL, *CHANGING)}


REST = [command for command in distinct(*pages()) if key(command) not in typed_elsewhere()]
ON_A_STACK = [command for command in REST if needs_a_stack(command)]
READING = [command for command in REST if reads_a_run(command)]
ALONE = [command for command in REST if not needs_a_stack(command) and not reads_a_run(command)]


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    someone = Typist(Checkout.copy(tmp_path / "checkout"))
    yield someone
    someone.down()


@pytest.mark.slow
def test_the_tutorial(typist: Typist) -> None:
    """And what other pages do with the run that it leaves."""
    typed = distinct(TUTORIAL)
    after = max(index for index, command in enumerate(typed, 1) if reads_a_run(command))
    assert [wrong for command in (*typed[:after], *READING, *typed[after:]) for wrong in typist.type(command)] == []


@pytest.mark.slow
def test_commands_on_a_running_fleet(typist: Typist) -> None:
    last = sorted(ON_A_STACK, key=lambda command: "down" in command.words)
    assert [wrong for command in last for wrong in typist.type(command)] == []


@pytest.mark.parametrize(
    "command",
    [pytest.param(each, marks=[pytest.mark.slow] if takes_minutes(each) else [], id=key(each)) for each in ALONE],
)
def test_a_command(command: Command, typist: Typist) -> None:
    assert typist.type(command) == []


def changed(page: str, typist: Typist) -> list[str]:
    """Do what the page shows; the Python files that it brings."""
    shown = changes(read(page))
    for change in shown:
        change.apply(typist.checkout.root)
    return [change.file for change in shown if change.file.endswith(".py") and "/" in change.file]


@pytest.mark.slow
@pytest.mark.parametrize("page", CHANGING)
def test_what_a_page_shows_keeps_the_house_rules(page: str, typist: Typist) -> None:
    files = changed(page, typist)
    own = [file for file in files if file.startswith("tests/")]
    rules = [rule for part, found in RULES.items() if any(file.startswith(part) for file in files) for rule in found]
    for words in (["ruff", "format", "--check", *files], ["ruff", "check", *files], ["pytest", "-q", *rules, *own]):
        done = typist.checkout.run(words)
        assert done.code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize("page", CHANGING)
def test_what_a_page_shows_runs_as_it_says(page: str, typist: Typist) -> None:
    changed(page, typist)
    for words in (["mypy"], ["pytest", "-q", *LONG_RULES]):
        done = typist.checkout.run(words)
        assert done.code == 0, done.output
    assert [wrong for command in distinct(page) for wrong in typist.type(command)] == []


def command(line: str) -> Command:
    return commands("a page", f"```sh\n{line}\n```\n")[0]


@pytest.mark.parametrize(
    "line, words",
    [("seatrial install --fast", "ends in 64, not 0"), ("seatrial doctor    # FAIL: latency", "ends in 0, not 1")],
)
def test_a_command_that_does_not_do_what_the_page_says_is_noticed(line: str, words: str, typist: Typist) -> None:
    assert words in typist.type(command(line))[0]


def test_output_that_is_not_shown_is_noticed() -> None:
    output = "PASS   latency.all.p95  17.4 ms  <= 250 ms  7 161\n"
    assert unseen(["PASS latency.all.p95  9.2 ms  <= 250 ms   12 345"], output) == []
    assert unseen(["PASS latency.all.p95  9.2 ms ..."], output) == []
    assert unseen(["FAIL latency.all.p95  9.2 ms  <= 250 ms   12 345"], output) != []
    assert unseen(["FAIL latency.all.p95 ..."], output) != []


def test_a_failure_that_did_not_come_is_noticed(typist: Typist) -> None:
    latest = typist.checkout.root / "runs" / "latest"
    latest.mkdir(parents=True)
    (latest / "verdict.json").write_text('{"checks": [{"name": "errors.all", "verdict": "FAIL"}]}')
    missed = typist.wrong(command("seatrial trial    # FAIL: latency"), Done(1, ""), 1)
    assert missed == ["no latency failed, but ['errors.all']"]

"""Every command in the documentation could be typed as it stands. That each is also run: e2e/test_docs.py."""

from __future__ import annotations

import re

import pytest
from refusals import Names, refusal
from written import ROOT, Command, astray, changes, commands, pages, read

from seatrial.cli.dispatch import VERBS
from seatrial.project.yaml_source import load_yaml

PAGES = pages()
COMMANDS = [command for page in PAGES for command in commands(page, read(page))]
SAMPLE = Names.of([])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.page}:{command.line}")
def test_it_could_be_typed(command: Command) -> None:
    assert refusal(command.of_the_sample(), Names.of(changes(read(command.page)))) is None, command.text


@pytest.mark.parametrize("page", PAGES)
def test_commands_stand_where_they_are_seen(page: str) -> None:
    assert astray(read(page)) == [], "write commands into ```sh blocks, and give every block its language"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb: str) -> None:
    assert verb in {
        command.words[1] for command in COMMANDS if command.words[0] == "seatrial" and len(command.words) > 1
    }


def test_what_is_said_of_running_them_is_of_commands_that_stand_there() -> None:
    table = load_yaml(ROOT / "e2e" / "documented.yml").data  # which refuses a key that stands twice
    rows = {text for section in table.values() for text in section}
    assert rows - {" ".join(command.of_the_sample()) for command in COMMANDS} == set()


@pytest.mark.parametrize("page", PAGES)
def test_verbs_in_the_prose_are_verbs(page: str) -> None:
    named = set(re.findall(r"`seatrial ([a-z]+)", read(page)))
    assert named <= {*VERBS}


@pytest.mark.parametrize(
    "text, words",
    [
        ("seatrial tril", "No such command 'tril'"),
        ("seatrial trial --fats", "No such option: --fats"),
        ("seatrial trial a b", "unexpected extra argument"),
        ("seatrial trial --seed one", "valid integer"),
        ("seatrial trial nobody", "no profile 'nobody'"),
        ("seatrial trial --fault latency@nobody", "no service 'nobody'"),
        ("seatrial trial --fault latency", "is not NAME"),
        ("seatrial trial --replicas nobody=2", "no service 'nobody'"),
        ("seatrial restart nobody", "no service 'nobody'"),
        ("seatrial restart", "Missing argument"),
        ("seatrial install grafana", "'grafana' is not"),
        ("seatrial", "Usage: seatrial"),
        (".venv/bin/seatrial trial --fats", "No such option: --fats"),
        ("make trail", "make has no trail"),
        ("locust --hosst http://x", "locust does not take"),
        ("locust -f nothing.py", "there is no nothing.py"),
        ("python -m fleet.nobody", "no module fleet.nobody"),
        ("pytest tests/nothing", "there is no tests/nothing"),
        ("seatrail trial", "no program 'seatrail'"),
    ],
)
def test_a_wrong_command_is_noticed(text: str, words: str) -> None:
    (command,) = commands("a page", f"```sh\n{text}\n```\n")
    assert words in str(refusal(command.of_the_sample(), SAMPLE))


@pytest.mark.parametrize(
    "text",
    [
        "    seatrial trial\n",
        "    SEATRIAL_PORT=1 python -m fleet.catalog\n",
        "```\nseatrial trial\n```\n",
        "```bash\nls\n```\n",
    ],
)
def test_a_command_out_of_sight_is_noticed(text: str) -> None:
    assert astray(text) != []


def test_a_command_is_read_without_its_comment() -> None:
    (command,) = commands("a page", "```sh\n# first\nA=1 .venv/bin/seatrial trial 'x y'  # FAIL: x\n```\n")
    assert (command.words, command.settings, command.note) == (("seatrial", "trial", "x y"), ("A=1",), "FAIL: x")
    assert command.line == 3

"""The key `compose` of seatrial.yml: what it may be left without, and what is said of each mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.project.compose import Compose, Shared
from seatrial.project.project import load_project

ROOT = Path(__file__).parents[3]
FLEET = 'name: shop\nentry: web\nservices:\n  web: {command: [python, web.py, "{port}"]}\n'
LEAST = "fleet: fleet.yml\ncompose:\n  files: [c.yml]\n  network: fleet\n  port: 8000\n"
PORT = "  port: 8000\n"


def written(folder: Path, text: str) -> Path:
    (folder / "fleet.yml").write_text(FLEET)
    (folder / "seatrial.yml").write_text(text)
    return folder / "seatrial.yml"


def told(folder: Path, old: str, new: str) -> str:
    """What is said when this is written instead."""
    assert old in LEAST
    with pytest.raises(ConfigError) as caught:
        load_project(written(folder, LEAST.replace(old, new)))
    return str(caught.value).replace(f"{folder}/", "")


def beneath(line: str) -> str:
    """One more key."""
    return f"{PORT}  {line}\n"


def test_files_a_network_and_a_port_will_do(tmp_path: Path) -> None:
    found = load_project(written(tmp_path, LEAST)).compose
    assert found == Compose(files=(Path("c.yml"),), network="fleet", port=8000)
    assert (found.admin_port, found.hooks, found.run, found.logs, found.store_variable) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert (found.user, found.environment) == ("10001:10001", {})


def test_a_project_needs_none(tmp_path: Path) -> None:
    assert load_project(written(tmp_path, "fleet: fleet.yml\n")).compose is None


def test_all_of_it_is_read() -> None:
    found = load_project(ROOT / "seatrial.yml").compose
    assert found is not None
    assert (found.files, found.port, found.admin_port) == ((Path("docker-compose.yml"),), 8000, 8100)
    assert found.run == Shared(volume="run", path="/shop/run")
    assert found.environment["SEATRIAL_FAULTS"] == "{faults}"


def test_files_need_not_be_there_before_they_are_asked_for(tmp_path: Path) -> None:
    assert not (tmp_path / "c.yml").exists()
    assert load_project(written(tmp_path, LEAST)).compose is not None


@pytest.mark.parametrize("braces", ["{faults}", "{user}", "{{faults}}", "{faults}-{user}", "", "${{HOME}}"])
def test_what_is_filled_in_may_stand_in_variables(tmp_path: Path, braces: str) -> None:
    text = LEAST.replace(PORT, beneath(f"environment: {{A: '{braces}'}}"))
    found = load_project(written(tmp_path, text)).compose
    assert found is not None
    assert found.environment == {"A": braces}


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("  files: [c.yml]\n", "", "3:3: compose.files is missing. Add it."),
        ("[c.yml]", "[]", "3:10: compose.files is [], but at least one is needed."),
        ("[c.yml]", "c.yml", "3:10: compose.files is 'c.yml', but a list is needed. Write [c.yml]."),
        ("[c.yml]", "[c.yml, 7]", "3:18: compose.files.1 is 7, but a path is needed."),
        ("  network: fleet\n", "", "3:3: compose.network is missing. Add it."),
        ("network: fleet", "network: 5", "4:12: compose.network is 5, but text is needed. Put quotes around it."),
        (PORT, "", "3:3: compose.port is missing. Add it."),
        ("8000", "80000", "5:9: compose.port is 80000, but it must be at most 65535."),
        ("8000", "0", "5:9: compose.port is 0, but it must be at least 1."),
        ("8000", "'8000'", "5:9: compose.port is '8000', but a whole number is needed. Remove the quotes."),
        ("8000", "on", "5:9: compose.port is true, but a whole number is needed. Write one."),
        (PORT, beneath("admin_port: 70000"), "6:15: compose.admin_port is 70000, but it must be at most 65535."),
        (PORT, beneath("hook: hooks"), "6:9: compose.hook is not known here. Did you mean 'hooks'?"),
        (PORT, beneath("run: run"), "6:8: compose.run is 'run', but a mapping is needed, with the keys volume, path."),
        (PORT, beneath("run: {volume: run}"), "6:8: compose.run.path is missing. Add it."),
        (PORT, beneath("logs: {volume: l, path: '{host}.jsonl'}"), "6:9: compose.logs: path uses {host}. Known are: {hostname}."),
        (PORT, beneath("logs: {volume: l, path: '{hostname'}"), "6:9: compose.logs: path has a brace that is not right: expected '}' before end of string. Write '{{' for a plain one."),
        (PORT, beneath("store_variable: sqlite:///x"), "6:19: compose.store_variable is 'sqlite:///x', but it must match "),
        (PORT, beneath("user: root"), "6:9: compose.user is 'root', but it must match "),
        (PORT, beneath("user: 1000"), "6:9: compose.user is 1000, but text is needed. Put quotes around it."),
        (PORT, beneath("environment: {A: 'x', B: '{fault}{x}'}"), "6:16: compose.environment: B uses {fault}, {x}. Known are: {faults}, {user}."),
        (PORT, beneath("environment: {A: '{}'}"), "6:16: compose.environment: A uses {}. Known are: {faults}, {user}."),
        (PORT, beneath("environment: {A: 1}"), "6:20: compose.environment.A is 1, but text is needed. Put quotes around it."),
        (PORT, beneath("environment: [A=1]"), "6:16: compose.environment is [A=1], but a mapping is needed: NAME: value."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence_where_it_stands(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    said = told(tmp_path, old, new)
    assert said.startswith(f"seatrial.yml:{sentence}")
    assert "\n" not in said


def test_a_file_in_place_of_the_mapping_is_told_what_is_needed(tmp_path: Path) -> None:
    said = told(tmp_path, LEAST, "fleet: fleet.yml\ncompose: c.yml\n")
    assert said.startswith(
        "seatrial.yml:2:10: compose is 'c.yml', but a mapping is needed, with the keys files, network,"
    )

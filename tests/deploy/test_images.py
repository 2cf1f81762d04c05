"""The recipes of images, held to the house rules where no daemon is needed. That they build and run: e2e/test_images.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = {
    path.parent.name: path.read_text() for path in (ROOT / "fleet" / "Dockerfile", ROOT / "loadtests" / "Dockerfile")
}
LOCKS = {path.name: path.read_text() for path in ROOT.glob("requirements*.lock")}
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def instructions(recipe: str) -> list[tuple[str, str]]:
    """Without comments, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", RECIPES[recipe], flags=re.MULTILINE))
    return [
        (name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())
    ]


def last_stage(recipe: str) -> list[tuple[str, str]]:
    found = instructions(recipe)
    begin = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[begin:]


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_stages_stand_on_one_base_that_can_be_chosen(recipe: str) -> None:
    found = instructions(recipe)
    assert [rest.split()[0] for name, rest in found if name == "FROM"] == ["${BASE_IMAGE}"] * 2
    (base,) = [rest for name, rest in found if name == "ARG" and rest.startswith("BASE_IMAGE=")]
    assert re.fullmatch(r"BASE_IMAGE=python:3\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", base)


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_runs_as_nobody_special_and_is_told_to_stop_by_a_signal(recipe: str) -> None:
    last = dict(last_stage(recipe))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last["USER"])
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert isinstance(json.loads(last["ENTRYPOINT"]), list), "a shell in between would keep the signal to itself"
    assert "HEALTHCHECK" in last


@pytest.mark.parametrize("recipe", RECIPES)
def test_nothing_is_installed_in_the_last_stage(recipe: str) -> None:
    assert {name for name, _ in last_stage(recipe)} <= {
        "FROM", "ARG", "LABEL", "COPY", "ENV", "USER", "WORKDIR", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
    }  # fmt: skip
    assert all("--from=build" in rest for name, rest in last_stage(recipe) if name == "COPY")


@pytest.mark.parametrize("recipe", RECIPES)
def test_packages_come_by_hash(recipe: str) -> None:
    runs = " ".join(rest for name, rest in instructions(recipe) if name == "RUN")
    assert runs.count("--require-hashes") == 2
    assert not re.search(r"curl|wget|apt-get|https?://", runs)


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_copied_is_there_and_let_through(recipe: str) -> None:
    let_through = [
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for name, rest in instructions(recipe):
        if name == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                path = source.replace("${SERVICE}", "orders")
                assert (ROOT / path).exists(), path
                assert any(path == each or path.startswith(f"{each}/") for each in let_through), path


@pytest.mark.parametrize(
    "name", [name for name in LOCKS if name not in {"requirements.lock", "requirements-setup.lock"}]
)
def test_an_image_has_the_versions_that_are_tested(name: str) -> None:
    tested = dict(PINNED.findall(LOCKS["requirements.lock"]))
    of_image = dict(PINNED.findall(LOCKS[name]))
    assert of_image
    assert {package: version for package, version in of_image.items() if tested.get(package) != version} == {}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    assert re.findall(r"://|^--(?:index|extra-index|find-links)", LOCKS[name], re.MULTILINE) == []

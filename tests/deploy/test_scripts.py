"""The scripts beside docker-compose.yml, each run in a copy of its folder; a program that stands for Docker answers for registries."""

from __future__ import annotations

import hashlib
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_file import ROOT, Stack, parsed

STACK = Stack.of(ROOT)
TOOLS = ("sh", "cat", "chmod", "cp", "dirname", "grep", "head", "ls", "mktemp", "mv", "rm", "sed", "sort", "tail", "tr", "wc")  # fmt: skip
DOCKER = f"""#!{sys.executable} -S
import hashlib, pathlib, sys
*words, image = sys.argv[1:]
here = pathlib.Path(__file__).parent
salt = (here / "salt").read_text()
if words == ["buildx"]:
    sys.exit(salt == "no buildx")
with (here / "asked").open("a") as asked:
    asked.write(" ".join(words) + " " + image + "\\n")
if image == (here / "unreachable").read_text():
    sys.exit("first words\\nERROR: failed to do request: dial tcp: no route to host")
print("garbage" if salt == "garbage" else "sha256:" + hashlib.sha256((salt + image).encode()).hexdigest())
"""
THIRD_PARTY = {each["image"] for each in STACK.services.values() if not each["image"].startswith("$")}
ALERTMANAGER = next(image.partition("@")[0] for image in THIRD_PARTY if "/alertmanager:" in image)


class Checkout:
    """A folder with what a script needs; `docker` stands first on the path of what is run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in TOOLS:
            (self.programs / tool).symlink_to(str(shutil.which(tool)))

    @property
    def compose(self) -> Path:
        return self.folder / "docker-compose.yml"

    def docker(self, *, salt: str = "", unreachable: str = "") -> None:
        (self.programs / "docker").write_text(DOCKER)
        (self.programs / "docker").chmod(0o755)
        (self.programs / "salt").write_text(salt)
        (self.programs / "unreachable").write_text(unreachable)

    def asked(self) -> list[str]:
        return (self.programs / "asked").read_text().splitlines()

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.folder / script)],
            env={"PATH": str(self.programs), "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    for folder in ("compose", "secrets"):
        (tmp_path / "deploy" / folder).mkdir(parents=True)
    for script in ("deploy/compose/pin.sh", "deploy/secrets/make.sh"):
        shutil.copy(ROOT / script, tmp_path / script)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    yield Checkout(tmp_path)
    left = {each.name for each in tmp_path.iterdir()} - {"deploy", "docker-compose.yml", "programs"}
    assert left == set()


PIN, MAKE = "deploy/compose/pin.sh", "deploy/secrets/make.sh"


def version(image: str) -> str:
    return image.partition("@")[0]


def digest(image: str, salt: str = "") -> str:
    return f"sha256:{hashlib.sha256((salt + image).encode()).hexdigest()}"


def test_each_image_of_others_gets_its_digest_and_nothing_else_changes(checkout: Checkout) -> None:
    checkout.docker()
    done = checkout.run(PIN)
    assert (done.returncode, done.stderr) == (0, "")
    expected = STACK.compose
    for image in THIRD_PARTY:
        expected = expected.replace(f"image: {image}", f"image: {version(image)}@{digest(version(image))}")
    assert checkout.compose.read_text() == expected
    assert done.stdout.splitlines()[-1] == f"pin: {len(THIRD_PARTY)} images of docker-compose.yml are pinned"


def test_every_image_of_others_is_asked_for_once_by_its_version(checkout: Checkout) -> None:
    checkout.docker()
    checkout.run(PIN)
    asked = [f"buildx imagetools inspect --format {{{{.Manifest.Digest}}}} {version(image)}" for image in THIRD_PARTY]
    assert sorted(checkout.asked()) == sorted(asked)


def test_a_digest_that_is_there_is_set_anew(checkout: Checkout) -> None:
    for salt in ("old", "new"):
        checkout.docker(salt=salt)
        assert checkout.run(PIN).returncode == 0
    images = {each["image"] for each in parsed(checkout.compose.read_text())["services"].values()}
    assert {version(image) for image in images} == {version(each["image"]) for each in STACK.services.values()}
    assert {image for image in images if "@" in image} == {
        f"{version(image)}@{digest(version(image), 'new')}" for image in THIRD_PARTY
    }


def test_a_version_that_begins_like_another_is_another(checkout: Checkout) -> None:
    checkout.docker()
    checkout.compose.write_text("  image: a/b:1.2.3\n  image: a/b:1.2.34 # b\n  image: a/b:1x2.3\n")
    assert checkout.run(PIN).returncode == 0
    assert checkout.compose.read_text().splitlines() == [
        f"  image: a/b:1.2.3@{digest('a/b:1.2.3')}",
        f"  image: a/b:1.2.34@{digest('a/b:1.2.34')} # b",
        f"  image: a/b:1x2.3@{digest('a/b:1x2.3')}",
    ]


def test_the_files_rights_stay(checkout: Checkout) -> None:
    checkout.docker()
    checkout.compose.chmod(0o640)
    checkout.run(PIN)
    assert checkout.compose.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "salt, unreachable, words",
    [
        pytest.param(
            "",
            ALERTMANAGER,
            f"The registry of {ALERTMANAGER} cannot be asked (ERROR: failed to do request: dial tcp: no route to host).",
            id="a registry that cannot be reached",
        ),
        pytest.param("garbage", "", "answers 'garbage', which is no digest.", id="an answer that is none"),
        pytest.param("no buildx", "", "There is no docker with buildx, which asks the registries.", id="no buildx"),
        pytest.param(None, "", "There is no docker with buildx, which asks the registries.", id="no docker"),
    ],
)
def test_without_all_digests_the_file_is_as_it_was(
    salt: str | None, unreachable: str, words: str, checkout: Checkout
) -> None:
    if salt is not None:
        checkout.docker(salt=salt, unreachable=unreachable)
    done = checkout.run(PIN)
    assert done.returncode == 69
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("pin: ")
    assert sentence.endswith(f"{words} docker-compose.yml is as it was.")
    assert checkout.compose.read_text() == STACK.compose


def passwords(checkout: Checkout) -> dict[str, str]:
    return {file.name: file.read_text() for file in (checkout.folder / "deploy/secrets").glob("*_password")}


def test_the_passwords_are_those_that_the_stack_names(checkout: Checkout) -> None:
    done = checkout.run(MAKE)
    assert (done.returncode, done.stderr) == (0, "")
    named = {each["file"] for each in STACK.document["secrets"].values()}
    assert {f"./deploy/secrets/{name}" for name in passwords(checkout)} == named
    assert all(each["file"].endswith(f"/{name}") for name, each in STACK.document["secrets"].items())


def test_each_password_is_another_and_can_be_read_and_not_written(checkout: Checkout) -> None:
    checkout.run(MAKE)
    made = passwords(checkout)
    assert len({*made.values()}) == len(made) == 3
    assert all(len(each) == 32 and set(each) <= {*string.ascii_letters, *string.digits} for each in made.values())
    files = (checkout.folder / "deploy/secrets").glob("*_password")
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


def test_passwords_that_are_there_stay(checkout: Checkout) -> None:
    (checkout.folder / "deploy/secrets/elastic_password").write_text("our own")
    checkout.run(MAKE)
    first = passwords(checkout)
    assert checkout.run(MAKE).returncode == 0
    assert passwords(checkout) == first
    assert first["elastic_password"] == "our own"


def test_git_does_not_take_the_passwords() -> None:
    kept = (ROOT / "deploy" / "secrets" / ".gitignore").read_text().splitlines()
    assert kept == ["*", "!.gitignore", "!README.md", "!make.sh"]

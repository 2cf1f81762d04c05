"""The scripts of releases and scans, and the gate's own few lines, with programs that note what they are asked."""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from pathlib import Path

import pytest
from automation import GITHUB, ROOT, workflows
from shams import Shams

SCRIPTS = GITHUB / "scripts"
IMAGES = ["ghcr.io/acme/shop/gateway:1.2.3", "ghcr.io/acme/shop/load:1.2.3", "prom/prometheus:v3.5.0"]
DIGEST = "a" * 64
DOCKER = """
case "$*" in
  *"config --images") printf '%s\\n' $SHOWN ;;
  "image inspect"*) image=${!#}; printf 'other/name@sha256:%s\\n%s@sha256:%s\\n' "$DIGEST" "${image%:*}" "$DIGEST" ;;
  login*) cat >"$0.token" ;;
esac
"""
RELEASE = {
    "GITHUB_REPOSITORY": "Acme/Shop",
    "GITHUB_REF_NAME": "v1.2.3",
    "GITHUB_SHA": "c0ffee",
    "GITHUB_ACTOR": "somebody",
    "REGISTRY_TOKEN": "secret",
}


@pytest.fixture
def shams(tmp_path: Path) -> Shams:
    found = Shams(tmp_path, {**RELEASE, "SHOWN": " ".join(IMAGES), "DIGEST": DIGEST})
    found.make("docker", DOCKER)
    return found


def test_images_are_built_under_their_release_names(shams: Shams) -> None:
    assert shams.run(SCRIPTS / "images.sh", "build").returncode == 0
    assert shams.called("docker") == [
        ["compose", "--profile", "load", "build", "--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=c0ffee"]
    ]


def test_our_images_alone_are_pushed_and_their_digests_told(shams: Shams) -> None:
    done = shams.run(SCRIPTS / "images.sh", "push", str(shams.folder / "to" / "images.sha256"))
    assert done.returncode == 0, done.stderr
    assert [words[-1] for words in shams.called("docker") if words[0] == "push"] == IMAGES[:2]
    told = (shams.folder / "to" / "images.sha256").read_text()
    assert told == f"{DIGEST}  ghcr.io/acme/shop/gateway\n{DIGEST}  ghcr.io/acme/shop/load\n"


def test_the_token_is_not_on_the_command_line_and_is_given_back(shams: Shams) -> None:
    shams.run(SCRIPTS / "images.sh", "push", str(shams.folder / "images.sha256"))
    assert (shams.folder / "docker.token").read_text() == "secret"
    assert "secret" not in str(shams.called("docker"))
    assert shams.called("docker")[-1] == ["logout", "ghcr.io"]


def test_an_image_without_a_digest_fails(shams: Shams) -> None:
    assert shams.run(SCRIPTS / "images.sh", "push", str(shams.folder / "images.sha256"), DIGEST="short").returncode != 0


@pytest.mark.parametrize(
    "conclusions, code", [("success", 0), ("success\nsuccess", 0), ("", 1), ("failure", 1), ("success\nfailure", 1)]
)
def test_a_release_is_of_a_commit_that_the_gate_passed(conclusions: str, code: int, shams: Shams) -> None:
    shams.make("gh", 'printf "%s" "$SAYS"')
    assert shams.run(SCRIPTS / "release.sh", "passed", SAYS=conclusions).returncode == code
    assert "repos/Acme/Shop/commits/c0ffee/check-runs?check_name=gate" in shams.called("gh")[0][1]
    assert workflows()["ci"]["jobs"]["gate"]["name"] == "gate"


@pytest.mark.parametrize("more, code", [("", 0), (".9", 1)])
def test_a_tag_is_the_version(more: str, code: int, shams: Shams) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    done = shams.run(SCRIPTS / "release.sh", "version", GITHUB_REF_NAME=f"v{version}{more}")
    assert done.returncode == code


@pytest.mark.parametrize("script", ["images.sh", "release.sh"])
def test_a_mistyped_verb_is_refused(script: str, shams: Shams) -> None:
    assert shams.run(SCRIPTS / script, "publsih").returncode == 64


def test_the_logs_of_failed_tests_are_gathered(shams: Shams) -> None:
    logs = shams.folder / "tmp" / "pytest-of-me" / "pytest-0" / "test_a0"
    logs.mkdir(parents=True)
    for name in ("orders-1.jsonl", "orders-1.out", "verdict.json", "orders.db"):
        (logs / name).write_text("x")
    file = shams.folder / "to" / "logs.tgz"
    assert shams.run(SCRIPTS / "gather.sh", str(file), str(shams.folder / "tmp")).returncode == 0
    with tarfile.open(file) as archive:
        assert {Path(name).name for name in archive.getnames()} == {"orders-1.jsonl", "orders-1.out", "verdict.json"}


@pytest.mark.parametrize(
    "results, code",
    [
        ({"lint": "success", "tests": "success"}, 0),
        ({"lint": "success", "tests": "failure"}, 1),
        ({"lint": "success", "tests": "skipped"}, 1),
        ({"lint": "cancelled", "tests": "success"}, 1),
        ({}, 1),
    ],
)
def test_the_gate_passes_when_each_job_succeeded(results: dict[str, str], code: int, shams: Shams) -> None:
    (step,) = workflows()["ci"]["jobs"]["gate"]["steps"]
    script = shams.folder / "step.sh"
    script.write_text(step["run"])
    needs = json.dumps({name: {"result": result, "outputs": {}} for name, result in results.items()})
    done = shams.run(script, NEEDS=needs)
    assert done.returncode == code, done.stderr
    for name, result in results.items():
        assert re.search(rf"^{result} +{name}$", done.stdout, re.MULTILINE)

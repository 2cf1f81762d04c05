"""Where a trial can be made: refused before anything is started, with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.cli.dispatch import dispatch

FLEET = """
name: f
entry: a
services:
  a: {%s}
"""
PROFILE = "stages: [{name: s, rate: 1, seconds: 1}]"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "seatrial.yml").write_text("fleet: fleet.yml\nload: {locustfile: l.py, profiles: .}\n")
    (tmp_path / "one.yml").write_text(PROFILE)
    return tmp_path


@pytest.mark.parametrize(
    "service, options, words",
    [
        pytest.param("command: [x], port: 1", ("--on", "external"), "does not say where a runs already", id="nowhere"),
        pytest.param("external: [{url: 'http://a'}]", (), "names no command for a", id="no command"),
        pytest.param(
            "external: [{url: 'http://a'}]", ("--on", "external", "--replicas", "a=2"), "--replicas is for", id="two"
        ),
        pytest.param("command: [x], port: 1", ("--replicas", "a=2"), "would share its port", id="two on a fixed port"),
        pytest.param("command: [x], port: 1", ("--on", "mars"), "'mars'", id="no such place"),
    ],
)
def test_what_cannot_be_had_there_is_wrong_usage(
    project: Path, capsys: pytest.CaptureFixture[str], service: str, options: tuple[str, ...], words: str
) -> None:
    (project / "fleet.yml").write_text(FLEET % service)
    assert dispatch(["--project", str(project / "seatrial.yml"), "trial", "one", *options]) == 64
    assert words in capsys.readouterr().err
    assert not (project / "runs").exists()

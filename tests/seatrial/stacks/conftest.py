import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# importlib mode puts no test folder on the path; these tests share a program that stands for Docker, and a stack that uses it.
sys.path.insert(0, str(Path(__file__).parent))
from compose_scene import Docks, docks_of, standing
from sham_docker import ShamDocker

from seatrial.stacks.compose import ComposeStack


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShamDocker:
    sham = ShamDocker.make(tmp_path / "sham")
    monkeypatch.setenv("PATH", f"{sham.folder}:{os.environ['PATH']}")
    return sham


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def docks(tmp_path: Path, docker: ShamDocker, monkeypatch: pytest.MonkeyPatch) -> Docks:
    return docks_of(tmp_path, docker, monkeypatch)


@pytest.fixture
def stack(docks: Docks) -> Iterator[ComposeStack]:
    """Of containers, and up."""
    with standing(docks) as stack:
        yield stack

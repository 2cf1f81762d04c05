from __future__ import annotations

import sys
from pathlib import Path

import pytest

# importlib mode puts no test folder on the path; these tests share a run as a trial leaves it.
sys.path.insert(0, str(Path(__file__).parent))

from left_run import write_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "20261123-024501-a1b2")

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# importlib mode puts no test folder on the path; these tests share one service in a box.
sys.path.insert(0, str(Path(__file__).parent))

from users_alone import Opened, UsersAlone, open_users


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens a replica of users; all that one test opens share a store."""
    made: list[UsersAlone] = []

    def open_one(**settings: Any) -> UsersAlone:
        made.append(open_users(tmp_path / "users.db", **settings))
        return made[-1]

    yield open_one
    for users in made:
        users.database.close()


@pytest.fixture
def users(opened: Opened) -> UsersAlone:
    return opened()

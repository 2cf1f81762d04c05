from collections.abc import Iterator
from pathlib import Path

import pytest
from counter_store import counting

from fleet.kit.database import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/folder/store.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with counting(url) as database:
        yield database

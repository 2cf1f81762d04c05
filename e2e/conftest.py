import sys
from pathlib import Path

import pytest

# importlib mode puts no test folder on the path; the suites share disturbances.py and the like, the fleet's bad input, and
# the readers of the documentation and of the workflows.
TESTS = Path(__file__).parents[1] / "tests"
SHOP = Path(__file__).parent / "shop"
sys.path[:0] = [str(Path(__file__).parent), str(SHOP), str(TESTS / "fleet"), str(TESTS / "docs"), str(TESTS / "github")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--on",
        choices=("local", "compose"),
        default="local",
        help="where e2e/shop's shop runs; compose runs nothing else",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is outside of e2e/shop starts stacks of its own, as processes."""
    if config.getoption("--on") == "compose":
        elsewhere = [item for item in items if SHOP not in item.path.parents]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if SHOP in item.path.parents]

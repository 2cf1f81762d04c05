import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# importlib mode puts no test folder on the path; the suites share one shop.
sys.path.insert(0, str(Path(__file__).parent))

from caller import Caller
from shop_in_process import Shop, open_shop
from wired_shop import WiredShop


@pytest.fixture(scope="module")
def whole_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = open_shop(tmp_path_factory.mktemp("shop"))
    yield shop
    shop.close()


@pytest.fixture
def shop(whole_shop: Shop) -> Iterator[Shop]:
    """The module's shop, healed and with goods of its own for each test."""
    yield whole_shop
    whole_shop.heal()


@pytest.fixture
def fresh_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose books nothing else has touched."""
    shop = open_shop(tmp_path)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def wired_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WiredShop]:
    """All services with real tokens between them; its books do not matter."""
    shop = WiredShop(tmp_path_factory.mktemp("wired"))
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def caller(wired_shop: WiredShop) -> Caller:
    return Caller(wired_shop.send, wired_shop.secret, product_id=wired_shop.goods())

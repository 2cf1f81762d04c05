from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.catalog.model import Product
from fleet.catalog.store import CatalogStore, migrate
from fleet.kit.database import Database

NAMES = ["Brass lamp", "Oak oar", "100% hemp line", "Under_deck lamp", r"Back\slash", "Oak wheel"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CatalogStore]:
    database = Database(f"sqlite:///{tmp_path}/catalog.db")
    migrate(database)
    store = CatalogStore(database)
    store.add(Product(id=f"prod-{n:05}", name=name, description="", price=n) for n, name in enumerate(NAMES, 1))
    yield store
    database.close()


def names(store: CatalogStore, q: str = "", after: str | None = None, most: int = 50) -> list[str]:
    return [product.name for product in store.products(q, after, most)]


def test_products_come_in_the_order_of_their_ids(store: CatalogStore) -> None:
    assert names(store) == NAMES


@pytest.mark.parametrize(
    "q,found",
    [
        ("lamp", ["Brass lamp", "Under_deck lamp"]),
        ("OAK", ["Oak oar", "Oak wheel"]),
        ("100%", ["100% hemp line"]),
        ("%", ["100% hemp line"]),
        ("r_d", ["Under_deck lamp"]),
        ("\\", [r"Back\slash"]),
        ("' OR 1=1 --", []),
        ("sextant", []),
    ],
)
def test_a_search_takes_every_character_literally(store: CatalogStore, q: str, found: list[str]) -> None:
    assert names(store, q) == found


def test_a_page_begins_after_its_cursor(store: CatalogStore) -> None:
    assert names(store, after="prod-00002", most=2) == NAMES[2:4]


def test_a_search_is_paged_too(store: CatalogStore) -> None:
    assert names(store, "oak", after="prod-00002") == ["Oak wheel"]


def test_a_product_is_found_by_its_id(store: CatalogStore) -> None:
    assert store.product("prod-00002") == Product(id="prod-00002", name="Oak oar", description="", price=2)


def test_there_may_be_no_such_product(store: CatalogStore) -> None:
    assert store.product("prod-99999") is None

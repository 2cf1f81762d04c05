"""The catalog's table and statements."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, MetaData, String, Table, bindparam, insert, select

from fleet.catalog.model import Product
from fleet.kit.database import Database, Whole, sought

METADATA = MetaData()
PRODUCTS = Table(
    "products",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("description", String, nullable=False),
    Column("price", Whole, nullable=False),
)

ONE = select(PRODUCTS).where(PRODUCTS.c.id == bindparam("product_id"))
PAGE = select(PRODUCTS).where(PRODUCTS.c.id > bindparam("after")).order_by(PRODUCTS.c.id).limit(bindparam("most"))
FOUND = PAGE.where(PRODUCTS.c.name.ilike(bindparam("pattern"), escape="\\"))


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


class CatalogStore:
    """Products; written only when the shop is filled."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def product(self, product_id: str) -> Product | None:
        """The product, if there is one."""
        with self.database.read() as connection:
            row = connection.execute(ONE, {"product_id": product_id}).mappings().first()
        return None if row is None else Product.model_construct(**row)

    def products(self, q: str, after: str | None, most: int) -> list[Product]:
        """Up to `most` products after the id `after` whose name contains `q`."""
        bound: dict[str, object] = {"after": after or "", "most": most}
        statement = PAGE
        if q:
            statement, bound["pattern"] = FOUND, sought(f"%{like_literal(q)}%")
        with self.database.read() as connection:
            rows = connection.execute(statement, bound).mappings().all()
        return [Product.model_construct(**row) for row in rows]

    def add(self, products: Iterable[Product]) -> None:
        """Put new products in."""
        with self.database.write() as connection:
            connection.execute(insert(PRODUCTS), [product.model_dump() for product in products])


def like_literal(text: str) -> str:
    r"""`text` as a LIKE pattern that matches itself, `\` being the escape."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")

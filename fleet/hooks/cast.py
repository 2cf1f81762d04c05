"""Who and what is in the shop when the load begins: drawn from the seed alone, so the same seed gives the same shop."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from fleet.catalog.model import Product
from fleet.hooks.settings import PopulateSettings

CHEAPEST, DEAREST = 100, 5_000
QUALITIES = ("Brass", "Canvas", "Copper", "Hemp", "Oak", "Pine", "Steel", "Teak", "Tarred", "Waxed")
THINGS = (
    "anchor",
    "barometer",
    "block",
    "cleat",
    "compass",
    "lamp",
    "line",
    "oar",
    "sail",
    "sextant",
    "tackle",
    "wheel",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer by account name; `balance` is what they put in at the start, in minor units."""

    name: str
    balance: int
    poor: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """The shop's opening: products, pieces by product, the scarce ones, and customers."""

    products: list[Product]
    stock: dict[str, int]
    scarce: list[str]
    customers: list[Customer]


def draw(settings: PopulateSettings, seed: int) -> Cast:
    """The opening that this seed means."""
    random = Random(seed)
    products = [_product(number, random) for number in range(1, settings.products + 1)]
    ids = [product.id for product in products]
    scarce = sorted(random.sample(ids, min(settings.scarce, len(ids))))
    stock = dict.fromkeys(ids, settings.stock) | dict.fromkeys(scarce, settings.scarce_stock)
    return Cast(products, stock, scarce, _customers(settings, random))


def _product(number: int, random: Random) -> Product:
    name = f"{random.choice(QUALITIES)} {random.choice(THINGS)} No. {number}"
    price = random.randint(CHEAPEST, DEAREST)
    return Product(id=f"prod-{number:05}", name=name, description=f"{name}, as sailors like it.", price=price)


def _customers(settings: PopulateSettings, random: Random) -> list[Customer]:
    poor = set(random.sample(range(settings.customers), round(settings.customers * settings.poor_share)))
    return [
        Customer(
            f"cust-{number + 1:05}", settings.poor_balance if number in poor else settings.rich_balance, number in poor
        )
        for number in range(settings.customers)
    ]

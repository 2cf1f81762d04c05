"""Judges the shop's books by its equations, when the fleet is quiet."""

from __future__ import annotations

from fleet.hooks.documents import Document, run
from fleet.hooks.equations import EQUATIONS
from fleet.hooks.evidence import gather


def invariants(document: Document) -> dict[str, object]:
    """A finding per equation.

    Raises:
        HookError: a store is missing.
    """
    books = gather(document)
    return {"findings": [equation(books).document() for equation in EQUATIONS]}


if __name__ == "__main__":
    run(invariants)

"""Every check has a row in the red table that names it: a check that was never seen red proves nothing."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase

import pytest
from source_tree import ROOT, document, modules

from fleet.hooks.equations import EQUATIONS

FAMILIES = ["latency.all.p95", "errors.all", "rate.all", "ceilings.orders", "slopes.inventory"]
NAMED = re.compile(r"[a-z]+\.[a-z-]+")
TABLE = document("e2e/red_table.yml")


def constant_names() -> list[str]:
    """The names that modules of checks give to their findings."""
    return [
        str(node.value.value)
        for module in modules("seatrial/checks")
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and NAMED.fullmatch(str(node.value.value))
    ]


def invariant_names() -> list[str]:
    return [f"invariants.{equation.__name__.replace('_', '-')}" for equation in EQUATIONS]


def named_red(check: str) -> bool:
    patterns = [pattern for row in TABLE["rows"] for pattern in (*row.get("red", []), *row.get("unsure", []))]
    return any(fnmatchcase(check, pattern) and pattern != "*" for pattern in patterns)


def test_the_names_are_found() -> None:
    assert {"load.valid", "reconcile.client", "restarts.unplanned"} <= set(constant_names())


@pytest.mark.parametrize("check", [*constant_names(), *FAMILIES, *invariant_names()])
def test_each_check_has_a_row(check: str) -> None:
    assert named_red(check)


@pytest.mark.parametrize("check", constant_names())
def test_each_check_is_described(check: str) -> None:
    assert f"`{check}`" in (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")


def test_invariants_are_named_one_by_one() -> None:
    assert "invariants.*" not in {pattern for row in TABLE["rows"] for pattern in row.get("red", [])}


def test_a_clean_row_passes() -> None:
    assert {"verdict": "PASS"} in TABLE["rows"]

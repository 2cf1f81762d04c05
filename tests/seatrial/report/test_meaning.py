from __future__ import annotations

from typing import Any

import pytest

from seatrial.report.meaning import MEANINGS, families, measured, plainly

NAMES = [
    "load.valid", "load.shed", "latency.all.p95", "errors.all", "rate.all", "reconcile.edges", "logs.errors",
    "ceilings.a", "slopes.a", "invariants.books", "hooks.populate", "traces.complete", "drain.clean",
]  # fmt: skip


def check(name: str, verdict: str = "FAIL", **more: Any) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "value": None, "limit": None, "unit": "", **more}


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_check_has_a_meaning_of_its_own(name: str) -> None:
    (family,) = families([check(name, "INCONCLUSIVE")])
    assert family.meaning != name


def test_no_sentence_is_said_of_two_kinds() -> None:
    said = [sentence for both in MEANINGS.values() for sentence in both if sentence]
    assert len(said) == len(set(said))


def test_checks_of_one_kind_and_verdict_stand_together() -> None:
    found = families(
        [check("latency.a.p95"), check("errors.a"), check("latency.b.p95"), check("latency.c.p95", "PASS")]
    )
    assert [[each["name"] for each in family.checks] for family in found] == [
        ["latency.a.p95", "latency.b.p95"],
        ["errors.a"],
        ["latency.c.p95"],
    ]


@pytest.mark.parametrize(
    "verdict, checks, words",
    [
        ("PASS", [check("load.valid", "PASS")], "Everything that was asked for"),
        ("INCONCLUSIVE", [], "Nothing was asked for"),
        ("FAIL", [check("errors.all"), check("load.valid", "INCONCLUSIVE")], "More requests failed than allowed."),
        ("FAIL", [check(name) for name in ("errors.a", "logs.errors", "auth.planned", "rate.a")], "And 1 more."),
    ],
    ids=["pass", "nothing", "only what decides", "many"],
)
def test_the_verdict_is_one_plain_sentence(verdict: str, checks: list[dict[str, Any]], words: str) -> None:
    assert words in plainly({"verdict": verdict, "checks": checks})


def test_a_figure_is_told_where_it_is_held_against_a_limit() -> None:
    assert measured(check("latency.a.p95", value=0.4, limit=0.1, unit="s")) == "400 ms; "
    assert measured(check("drain.clean", value=0.4, unit="s")) == ""

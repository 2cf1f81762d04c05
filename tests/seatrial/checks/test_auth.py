from __future__ import annotations

import pytest

from seatrial.checks.auth import auth_planned
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import ClientRow, RequestKey

P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
RIGHT = {
    "look": frozenset({"200"}),
    "stale": frozenset({"401"}),
    "either": frozenset({"200", "403"}),
}


def rows(**statuses: list[str]) -> list[ClientRow]:
    return [
        ClientRow(f"{step}{number}", "s", RequestKey("GET", "/a", status), "ok", step)
        for step, answers in statuses.items()
        for number, status in enumerate(answers)
    ]


@pytest.mark.parametrize(
    "sent, expected, words",
    [
        (rows(look=["200"], stale=["401", "401"], either=["403"]), P, "4 answers; 3 refusals, all in either, stale"),
        (rows(look=["200", "404", "500"], stale=["401"], either=["403", "200"]), P, ""),
        (rows(look=["200", "401"], stale=["401"], either=["403"]), F, "look: 401, refused, which nobody planned (1 "),
        (rows(stale=["401", "200", "200"], either=["403"]), F, "stale: 200, let in, where a refusal was planned (2 "),
        (rows(stale=["401", "404"], either=["403"]), F, "stale: 404, let in"),
        (rows(stale=["401", "403"], either=["403"]), F, "stale: 403, refused, which nobody planned"),
        (rows(stale=["401", "500", "429", ""], either=["403"]), P, ""),
        (rows(stale=["500", ""], either=["403"]), U, "never came: stale"),
        (rows(stale=["401"], either=["200"]), U, "never came: either"),
        (rows(look=[""]), U, "no request was answered"),
        ([], U, "no request was answered"),
        (rows(other=["200"]), U, "does not tell the right answers of other"),
    ],
    ids=[
        "as planned", "other failures are not its matter", "refused unplanned", "let in", "let in, found nothing",
        "refused otherwise", "server errors and 429 tell nothing", "only server errors", "either, never refused",
        "no answers", "no rows", "an account that does not tell",
    ],
)  # fmt: skip
def test_refusals(sent: list[ClientRow], expected: Verdict, words: str) -> None:
    found = auth_planned(sent, RIGHT)
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize("status, expected", [("200", P), ("403", F)], ids=["nobody refused", "somebody refused"])
def test_where_nothing_is_planned_nobody_may_be_refused(status: str, expected: Verdict) -> None:
    assert auth_planned(rows(look=["200", status]), {"look": RIGHT["look"]}).verdict is expected


def test_examples_name_step_status_and_trace() -> None:
    found = auth_planned(rows(stale=["200"]), RIGHT)
    assert found.evidence["examples"] == ["stale: 200, let in, where a refusal was planned, trace stale0"]

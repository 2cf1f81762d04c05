import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seatrial.checks.finding import Verdict
from seatrial.cli.drill import choose, document_of, line, overall_of, permanent, possible, refuse_deaf
from seatrial.drilling import DrillOutcome
from seatrial.errors import StackError, UsageError
from seatrial.project.project import Project, load_project

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT / "seatrial.yml")


class Standing:
    def __init__(self, **document: Any) -> None:
        self.run_dir, self._document = Path("runs/20261126-010203-abcd"), document

    def document(self) -> dict[str, Any]:
        return self._document


def outcome(verdict: Verdict = Verdict.PASS, **changes: Any) -> DrillOutcome:
    told: dict[str, Any] = {"fired_seconds": 3.0, "told_seconds": 4.0, "ended_seconds": 5.0, **changes}
    return DrillOutcome("TargetDown", "web", "kill web", verdict, **told)


def test_drills_are_chosen_by_their_alerts_or_all(project: Project) -> None:
    assert project.drills is not None
    assert [each.alert for each in choose(project, ["ScrapeGap", "TargetDown"], every=False)] == [
        "ScrapeGap",
        "TargetDown",
    ]
    assert choose(project, [], every=True) == project.drills.drills


def test_an_alert_with_several_rows_is_drilled_by_all_of_them(project: Project) -> None:
    assert project.drills is not None
    rows = project.drills.drills
    doubled = replace(project, drills=project.drills.model_copy(update={"drills": [rows[0], rows[1], rows[0]]}))
    assert choose(doubled, [rows[0].alert, rows[0].alert], every=False) == [rows[0], rows[0]]


@pytest.mark.parametrize(
    "names, said", [(["TargetDwn"], "there is no drill of 'TargetDwn'"), ([], "name alerts, or say --all")]
)
def test_who_names_none_is_told_which_there_are(names: list[str], said: str, project: Project) -> None:
    with pytest.raises(UsageError, match=said) as told:
        choose(project, names, every=False)
    assert "TargetDown" in str(told.value)


def test_drills_of_a_log_pipeline_need_one(project: Project) -> None:
    drills = choose(project, ["TargetDown", "LogsLate"], every=False)
    here, left_out = possible(drills, Standing(elasticsearch=None))  # type: ignore[arg-type]
    assert ([each.alert for each in here], set(left_out)) == (["TargetDown"], {"LogsLate"})
    assert possible(drills, Standing(elasticsearch={"url": "x"}))[1] == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "document", [{"alertmanager": None}, {}, {"alertmanager": {"url": None, "obstacle": "no Alertmanager"}}]
)
def test_without_alertmanager_nothing_can_be_proven(document: dict[str, Any]) -> None:
    with pytest.raises(StackError, match="no Alertmanager"):
        refuse_deaf(document)


def test_the_dead_mans_switch_is_permanent(project: Project) -> None:
    assert permanent(project) == {"Watchdog"}


@pytest.mark.parametrize(
    "verdicts, whole",
    [
        ([], "INCONCLUSIVE"),
        (["PASS"], "PASS"),
        (["PASS", "INCONCLUSIVE"], "INCONCLUSIVE"),
        (["INCONCLUSIVE", "FAIL"], "FAIL"),
    ],
)
def test_the_worst_decides(verdicts: list[str], whole: str) -> None:
    assert overall_of([outcome(Verdict[each]) for each in verdicts]) == whole


def test_a_drill_is_one_line() -> None:
    assert (
        line(outcome())
        == "PASS         TargetDown at web by kill web: fired after 3.0 s, told after 4.0 s, over after 5.0 s"
    )
    silent = outcome(Verdict.FAIL, reason="it did not fire", fired_seconds=None, told_seconds=None, ended_seconds=None)
    assert line(silent) == "FAIL         TargetDown at web by kill web: it did not fire; never fired"
    assert line(outcome(also=("CallsFail (web)",))).endswith("; also CallsFail (web)")


def test_the_document_is_json() -> None:
    document = document_of(Standing(), "PASS", [outcome()], {"LogsLate": "needs a log pipeline"})  # type: ignore[arg-type]
    assert json.loads(json.dumps(document)) == {
        "schema": 1,
        "run": "20261126-010203-abcd",
        "verdict": "PASS",
        "drills": [
            {
                "alert": "TargetDown", "service": "web", "deed": "kill web", "verdict": "PASS", "reason": "",
                "fired_seconds": 3.0, "told_seconds": 4.0, "ended_seconds": 5.0, "also": [], "unexpected": [],
            }
        ],
        "left_out": [{"alert": "LogsLate", "reason": "needs a log pipeline"}],
    }  # fmt: skip

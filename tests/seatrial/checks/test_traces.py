from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import AnsweredCall, ClientRow, RequestKey, RequestLine, TraceLines
from seatrial.checks.traces import SAMPLED, Chosen, choose, traces_complete

P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
GET = RequestKey("GET", "/a", "200")
CALL = AnsweredCall("t1", "x", "front", "back", "200")


def row(number: int, step: str = "look", status: str = "200", outcome: str = "ok") -> ClientRow:
    return ClientRow(f"t{number}", f"s{number}", GET._replace(status=status), outcome, step)


def line(number: int) -> RequestLine:
    return RequestLine(f"t{number}", f"s{number}", GET)


@dataclass
class Case:
    """Two services and one request whose trace is whole; tests change what they are about."""

    chosen: Chosen = field(default_factory=lambda: Chosen([row(1)]))
    expected: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"look": ("front", "back")})
    lines: TraceLines | None = field(default_factory=lambda: TraceLines({"t1": frozenset({"front", "back"})}, calls=1))
    entry_lines: list[RequestLine] = field(default_factory=lambda: [line(1)])
    logged: frozenset[str] = frozenset({"front", "back"})
    obstacle: str = ""

    def judge(self) -> Finding:
        return traces_complete(
            self.chosen,
            self.expected,
            self.lines,
            self.entry_lines,
            logged=self.logged,
            entry="front",
            obstacle=self.obstacle,
        )


def test_a_whole_trace_passes() -> None:
    found = Case().judge()
    assert (found.verdict, found.value, found.samples) == (P, 0.0, 1)
    assert found.reason == "the traces of 1 successes of 1 steps and 0 failures are whole, with 1 answered calls"


def test_a_silent_service_is_named_with_trace_and_step() -> None:
    found = Case(lines=TraceLines({"t1": frozenset({"front"})})).judge()
    assert (found.verdict, found.reason) == (F, "trace t1, look: no line of back")


def test_a_trace_without_any_line_lacks_one_of_each() -> None:
    found = Case(lines=TraceLines(), entry_lines=[]).judge()
    assert (found.verdict, found.value) == (F, 2.0)


def test_the_entrys_line_must_be_the_requests_own() -> None:
    found = Case(entry_lines=[RequestLine("t1", "another", GET)]).judge()
    assert (found.verdict, found.reason) == (F, "trace t1, look: no line of front for the request itself")


@pytest.mark.parametrize("outcome", ["ok", "wrong"])
def test_an_answered_call_needs_its_callees_line(outcome: str) -> None:
    chosen = Chosen([row(1)]) if outcome == "ok" else Chosen([], [row(1, outcome=outcome)])
    found = replace(Case(), chosen=chosen, lines=TraceLines({"t1": Case().logged}, 1, [CALL])).judge()
    assert found.verdict is F
    assert found.reason == "trace t1, look: front was answered 200 by back, which has no line under span x"


@pytest.mark.parametrize("status, expected", [("503", P), ("500", F), ("404", F)])
def test_a_server_in_front_of_the_app_may_answer_a_call_without_a_line(status: str, expected: Verdict) -> None:
    lines = TraceLines({"t1": Case().logged}, 1, [replace(CALL, status=status)])
    assert Case(lines=lines).judge().verdict is expected


@pytest.mark.parametrize(
    "failed, expected",
    [
        (row(2, status="", outcome="timeout"), P),
        (row(2, status="", outcome="error"), P),
        (row(2, status="503", outcome="wrong"), P),
        (row(2, status="500", outcome="wrong"), F),
        (row(2, status="200", outcome="wrong"), F),
    ],
    ids=["no answer in time", "no answer", "perhaps the server's", "the app's", "right status, wrong body"],
)
def test_a_failure_needs_the_entrys_line_when_the_app_answered(failed: ClientRow, expected: Verdict) -> None:
    assert Case(chosen=Chosen([row(1)], [failed])).judge().verdict is expected


def test_a_failure_needs_no_service_of_its_step() -> None:
    chosen = Chosen([row(1)], [row(2, status="500", outcome="wrong")])
    assert Case(chosen=chosen, entry_lines=[line(1), line(2)]).judge().verdict is P


@pytest.mark.parametrize(
    "case, words",
    [
        (Case(obstacle="the fleet was not quiet"), "not quiet"),
        (Case(lines=None), "could not be read"),
        (Case(chosen=Chosen()), "no request succeeded or failed"),
        (Case(expected={"look": ()}), "no step names the services"),
        (Case(expected={"look": ("front", "elsewhere")}), "no log: elsewhere"),
        (Case(chosen=Chosen([], [row(2, status="", outcome="error")])), "no request succeeded"),
    ],
    ids=["not quiet", "no logs", "no rows", "no expectations", "an unknown service", "only failures"],
)
def test_without_ground_it_is_inconclusive(case: Case, words: str) -> None:
    found = case.judge()
    assert found.verdict is U
    assert words in found.reason


def test_steps_that_name_nothing_are_told() -> None:
    chosen = Chosen([row(1), row(2, "idle")])
    found = Case(chosen=chosen, entry_lines=[line(1), line(2)]).judge()
    assert found.verdict is P
    assert found.reason.endswith("no services are named for idle")


def test_many_faults_are_counted_and_the_first_are_shown() -> None:
    found = Case(chosen=Chosen([row(number) for number in range(150)])).judge()
    assert found.reason.endswith("(and 295 more)")
    assert len(found.evidence["missing"]) == 100


def many() -> list[ClientRow]:
    return [row(number, "often" if number % 100 else "rarely") for number in range(1000)]


def test_the_sample_has_as_many_of_each_step_as_there_are() -> None:
    steps = Counter(each.step for each in choose(many(), 1).sampled)
    assert steps == {"often": SAMPLED - 10, "rarely": 10}


def test_every_step_is_in_the_sample_however_many_there_are() -> None:
    assert len(choose([row(number, f"step{number}") for number in range(300)], 1).sampled) == 300


def test_a_seed_draws_the_same_traces_and_another_seed_others() -> None:
    first, again, other = (choose(many(), seed).sampled for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_only_right_answers_of_2xx_are_sampled_and_all_else_that_is_not_right_is_a_failure() -> None:
    rows = [row(1), row(2, status="404"), row(3, outcome="wrong"), row(4, status="", outcome="unfinished")]
    chosen = choose(rows, 1)
    assert ([each.trace for each in chosen.sampled], [each.trace for each in chosen.failed]) == (["t1"], ["t3", "t4"])

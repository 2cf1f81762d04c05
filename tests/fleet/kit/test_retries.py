import pytest

from fleet.kit.retries import RetryBudget, RetryPolicy, asked_back, repeatable


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def spent(budget: RetryBudget, tries: int = 1000) -> int:
    return sum(budget.spend() for _ in range(tries))


@pytest.mark.parametrize("calls, retries", [(0, 3), (5, 4), (100, 23)])
def test_budget_is_a_floor_and_a_fifth(calls: int, retries: int) -> None:
    budget = RetryBudget(clock=Clock())
    for _ in range(calls):
        budget.called()
    assert spent(budget) == retries


def test_budget_forgets_after_its_window() -> None:
    clock = Clock()
    budget = RetryBudget(clock=clock)
    for _ in range(100):
        budget.called()
    spent(budget)
    clock.now = 10.1
    assert spent(budget) == 3


def test_budget_remembers_within_its_window() -> None:
    clock = Clock()
    budget = RetryBudget(clock=clock)
    spent(budget)
    clock.now = 9.9
    assert spent(budget) == 0


@pytest.mark.parametrize(
    "attempt, draw, seconds",
    [(1, 1.0, 0.05), (2, 1.0, 0.1), (3, 1.0, 0.2), (9, 1.0, 0.5), (2, 0.5, 0.05), (2, 0.0, 0.0)],
)
def test_backoff_doubles_up_to_its_cap(attempt: int, draw: float, seconds: float) -> None:
    assert RetryPolicy().pause(attempt, draw) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "method, keyed, expected",
    [
        ("GET", False, True),
        ("PUT", False, True),
        ("DELETE", False, True),
        ("POST", False, False),
        ("PATCH", False, False),
        ("POST", True, True),
    ],
)
def test_repeatable(*, method: str, keyed: bool, expected: bool) -> None:
    assert repeatable(method, keyed=keyed) is expected


@pytest.mark.parametrize(
    "attempts, attempt, sent, may, expected",
    [
        pytest.param(3, 2, True, True, True, id="below the attempts"),
        pytest.param(3, 3, True, True, False, id="attempts used up"),
        pytest.param(1, 1, True, True, False, id="one attempt"),
        pytest.param(3, 1, True, False, False, id="sent and not repeatable"),
        pytest.param(1, 1, False, False, True, id="not sent"),
        pytest.param(1, 3, False, True, False, id="not sent three times"),
    ],
)
def test_allows(*, attempts: int, attempt: int, sent: bool, may: bool, expected: bool) -> None:
    assert RetryPolicy(attempts=attempts).allows(attempt, sent=sent, repeatable=may) is expected


@pytest.mark.parametrize(
    "status, value, seconds",
    [
        (503, "1", 1.0),
        (429, "120", 120.0),
        (503, "0", 0.0),
        (200, "1", None),
        (502, "1", None),
        (503, "", None),
        (503, "1.5", None),
        (503, "-1", None),
        (503, "99999", None),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_asked_back(status: int, value: str, seconds: float | None) -> None:
    assert asked_back(status, {"Retry-After": value}) == seconds

"""What each objective came to, by the samples at hand and by what Prometheus recorded; and which alerts fired.

Owns asking. Leaves the arithmetic to seatrial.objectives.outcome.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from seatrial.alerts.firing import Firing
from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import Prometheus
from seatrial.checks.alerts import Fired
from seatrial.checks.limits import Judged
from seatrial.objectives.objective import Objective
from seatrial.objectives.outcome import COUNTERS, SAMPLES, Outcome, good_share, known
from seatrial.objectives.rules import ratio_name
from seatrial.objectives.windows import TRIAL
from seatrial.project.project import Project


def outcomes(
    objectives: Sequence[Objective], judged: Judged, began: float, prometheus: Prometheus | None
) -> list[Outcome]:
    """One for each; `began` is when judged load did, in epoch seconds. What cannot be asked is not known."""
    seconds = judged.seconds[-1] + 1 if judged.seconds else 0
    asked = _Recorded(prometheus if seconds and began else None, began + seconds, seconds)
    rates = asked.burn_rates(objectives)
    return [_outcome(each, judged, asked, rates.get(each.id)) for each in objectives]


def _outcome(objective: Objective, judged: Judged, asked: _Recorded, burn_rate: float | None) -> Outcome:
    if objective.steps:
        share = good_share(objective, judged.steps)
        return Outcome(objective, share, SAMPLES if share is not None else "", burn_rate)
    bad = asked.error_ratio(objective)
    if bad is None:
        return Outcome(objective, burn_rate=burn_rate)
    return Outcome(objective, 1 - min(1.0, max(0.0, bad)), COUNTERS, burn_rate)


class _Recorded:
    """Asks of the `seconds` before `end`; the first failure is the last question."""

    def __init__(self, prometheus: Prometheus | None, end: float, seconds: int) -> None:
        self._prometheus, self._end, self._seconds = prometheus, end, seconds

    def error_ratio(self, objective: Objective) -> float | None:
        found = self._ask(objective.error_ratio(f"{self._seconds}s"))
        return known(next(iter(found.values()), None))

    def burn_rates(self, objectives: Sequence[Objective]) -> dict[str, float]:
        series = ratio_name(TRIAL.fastest().long)
        found = self._ask(f"max by (sloth_id) (max_over_time({series}[{self._seconds}s]))")
        budgets = {each.id: each.budget for each in objectives}
        return {
            name: value / budgets[name] for name, value in found.items() if name in budgets and math.isfinite(value)
        }

    def _ask(self, query: str) -> dict[str, float]:
        if self._prometheus is None:
            return {}
        try:
            return {
                each.labels.get("sloth_id", ""): each.points[-1][1] for each in self._prometheus.query(query, self._end)
            }
        except BackendError:
            self._prometheus = None
            return {}


def alerts_fired(
    project: Project, prometheus: Prometheus | None, begin: float, end: float, excuse: str
) -> Fired | None:
    """Between two moments (epoch seconds); None where the project has no alerts. Those for machines fire always."""
    own = project.alerts.alerts if project.alerts else ()
    rules = len(own) + sum(each.page is not None for each in project.objectives)
    if not rules or project.prometheus is None:
        return None
    if prometheus is None:
        return Fired(rules=rules, excuse=excuse, obstacle="there is no Prometheus to ask")
    seconds = max(1, round(end - begin))
    firing = f'max_over_time(ALERTS{{alertstate="firing", severity!="none"}}[{seconds}s])'
    try:
        found = prometheus.query(f"max by (alertname, service) ({firing})", end)
    except BackendError as error:
        return Fired(rules=rules, excuse=excuse, obstacle=str(error))
    return Fired(sorted(str(Firing.of(each.labels)) for each in found), rules, excuse)

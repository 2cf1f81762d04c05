"""What a profile will bring, before it is run: journeys, requests per step, and whether they suffice to judge by.

How often each journey asks each step is data (`journeys.yml` beside the locustfile), since the parent never
imports a locustfile.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import NonNegativeFloat, RootModel

from seatrial.checks.limits import check_name
from seatrial.checks.quantities import name_of
from seatrial.errors import ConfigError
from seatrial.load.profile import ALL, Limits, Profile, find_profile, read_profile
from seatrial.objectives.limits import ObjectiveLimit, objective_limits
from seatrial.objectives.objective import Objective
from seatrial.project.yaml_source import Problem, load_yaml, validate

# Below 20 / (1 - p) samples a percentile p hangs on fewer than 20 values beyond it.
SAMPLES_BEYOND = 20
# The rule of three: without one failure in n, the ratio is below 3 / n at 95 %.
RATIO_SAMPLES = 3
# Arrivals are random; a plan counts on what all but about 1 run in 700 reach.
SIGMAS = 3.0


class JourneySteps(RootModel[dict[str, dict[str, NonNegativeFloat]]]):
    """Journey to step to requests per arrival, on average."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many to expect, and how many to count on."""

    mean: float
    sure: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`judged` maps each step, and `all`, to its requests within judged stages; empty when journeys are not described.

    `unasked` are checks by objectives that the load cannot bring enough for, and why.
    """

    seconds: int
    journeys: float
    peak_rate: int
    judged_journeys: float
    judged: Mapping[str, Expected] = field(default_factory=dict)
    requests_per_journey: float | None = None
    unasked: Mapping[str, str] = field(default_factory=dict)


def prepare(
    asked: str,
    *,
    profiles: Path | None,
    journeys: Path | None,
    seed: int | None = None,
    services: Collection[str] | None = None,
    objectives: Sequence[Objective] = (),
) -> tuple[Profile, Plan]:
    """Find, read, plan and refuse: the whole way from a name to a profile that can be run.

    `journeys` is the file of JourneySteps, `seed` replaces the profile's, `services` are those that may have ceilings;
    None where nobody judges them. What `objectives` ask is among the limits of the profile that is given back. Raises UsageError or
    ConfigError.
    """
    profile, source = read_profile(find_profile(asked, profiles))
    steps = read_steps(journeys)
    planned = plan(profile, steps)
    problems = [*_mistyped(profile, steps), *refusals(profile, planned), *_twice(profile, objectives)]
    problems += _strangers(profile, services) if services else ()
    if problems:
        raise source.error(problems)
    _refuse_unknown_steps(objectives, steps)
    profile, unasked = with_objectives(profile, planned, objectives)
    return (profile if seed is None else profile.model_copy(update={"seed": seed})), replace(planned, unasked=unasked)


def with_objectives(
    profile: Profile, planned: Plan, objectives: Sequence[Objective]
) -> tuple[Profile, Mapping[str, str]]:
    """The profile with the limits that objectives ask of it; checks that this load is too small for, and why."""
    limits, unasked = {step: each.by_kind() for step, each in profile.limits.items()}, dict[str, str]()
    for each in objective_limits(objectives) if profile.objectives and profile.judged() else ():
        short = _too_few(each, planned)
        if short:
            unasked[check_name(each.step, each.kind)] = short
        else:
            limits.setdefault(each.step, {})[each.kind] = each.limit
    merged = {step: Limits(**by_kind) for step, by_kind in limits.items()}
    return profile.model_copy(update={"limits": merged}), unasked


def _too_few(asked: ObjectiveLimit, planned: Plan) -> str:
    if not planned.judged:
        return ""
    expected = planned.judged.get(asked.step)
    if expected is None:
        return f"the objective {asked.objective.id} is about {asked.step}, which no journey of the profile asks"
    count = needed(Limits(**{asked.kind: asked.limit}))[asked.kind]
    if expected.sure >= count:
        return ""
    return (
        f"the objective {asked.objective.id} needs {count} requests, but the judged stages bring {expected.mean:.0f}, and only "
        f"{expected.sure:.0f} for sure"
    )


def _refuse_unknown_steps(objectives: Sequence[Objective], steps: Mapping[str, Mapping[str, float]]) -> None:
    known = {ALL, *(step for each in steps.values() for step in each)}
    for each in objective_limits(objectives) if steps else ():
        if each.step not in known:
            place = each.objective.place
            raise ConfigError(
                f"{each.objective.id} names the step '{each.step}', which no journey asks. Known are: {', '.join(sorted(known))}.",
                file=place.file,
                line=place.line,
            )


def _twice(profile: Profile, objectives: Sequence[Objective]) -> Iterator[Problem]:
    """Limits that stand in slo.yml already: one of the two would rule, and nobody could say which."""
    for each in objective_limits(objectives) if profile.objectives else ():
        own = profile.limits.get(each.step)
        if own is not None and each.kind in own.by_kind():
            yield Problem(
                ("limits", each.step, each.kind),
                f"limits.{each.step}.{each.kind} is what the objective {each.objective.id} asks already. Remove it here, or say `objectives: false`.",
            )


def read_steps(file: Path | None) -> Mapping[str, Mapping[str, float]]:
    """Requests per arrival, by journey and step; empty without a file. Raises ConfigError."""
    if file is None or not file.is_file():
        return {}
    return validate(load_yaml(file), JourneySteps).root


def steps_file(locustfile: Path) -> Path:
    """Where the journeys of a locustfile are described."""
    return locustfile.with_name("journeys.yml")


def plan(profile: Profile, steps: Mapping[str, Mapping[str, float]]) -> Plan:
    """What `profile` will bring. Without weights every described journey counts once."""
    rates = profile.rates()
    judged = float(sum(rates[second] for second in profile.judged_seconds()))
    weights = dict(profile.weights) or dict.fromkeys(steps, 1)
    share = {name: weight / sum(weights.values()) for name, weight in weights.items()}
    known = steps if set(share) <= set(steps) else {}
    per_journey = sum(share[name] * sum(known[name].values()) for name in share) if known else None
    return Plan(
        seconds=profile.seconds,
        journeys=float(sum(rates)),
        peak_rate=max(rates),
        judged_journeys=judged,
        judged=_requests(judged, share, known) if known else {},
        requests_per_journey=per_journey,
    )


def refusals(profile: Profile, planned: Plan) -> Iterator[Problem]:
    """Every limit that this load cannot bring enough requests for."""
    for step, limits in profile.limits.items():
        if not planned.judged:
            continue
        expected = planned.judged.get(step)
        if expected is None:
            known = ", ".join(sorted(planned.judged))
            yield Problem(("limits", step), f"no journey with a weight asks the step {step}. Known are: {known}.")
            continue
        yield from _short(step, limits, expected)


def _strangers(profile: Profile, services: Collection[str]) -> Iterator[Problem]:
    for kind, asked in (("ceilings", profile.ceilings), ("slopes", profile.slopes)):
        for name in asked:
            if name != ALL and name not in services:
                known = ", ".join((ALL, *services))
                yield Problem((kind, name), f"{kind} names '{name}', which is no service. Known are: {known}.")


def needed(limits: Limits) -> dict[str, int]:
    """Limit to the requests without which it cannot be judged."""
    counts = {name_of(share): math.ceil(SAMPLES_BEYOND / (1 - share) - 1e-6) for share in limits.percentiles()}
    if limits.error_ratio is not None:
        counts["error_ratio"] = math.ceil(RATIO_SAMPLES / limits.error_ratio - 1e-6)
    return counts


def _mistyped(profile: Profile, steps: Mapping[str, object]) -> Iterator[Problem]:
    """Weights of journeys that are not described but are called almost as one that is: nothing would be planned."""
    for name in profile.weights:
        near = difflib.get_close_matches(name, [known for known in steps if known not in profile.weights], n=1)
        if name not in steps and near:
            yield Problem(("weights", name), f"weights.{name}: no journey is called so. Did you mean '{near[0]}'?")


def _short(step: str, limits: Limits, expected: Expected) -> Iterator[Problem]:
    for name, count in needed(limits).items():
        if expected.sure < count:
            sentence = (
                f"limits.{step}.{name} needs {count} requests, but the judged stages bring {expected.mean:.0f}, and only "
                f"{expected.sure:.0f} for sure. Raise seconds, rate or weights, or drop the limit."
            )
            yield Problem(("limits", step, name), sentence)


def _requests(
    journeys: float, share: Mapping[str, float], steps: Mapping[str, Mapping[str, float]]
) -> dict[str, Expected]:
    names = sorted({step for name in share for step in steps[name]})
    each = {step: [(journeys * share[name], steps[name].get(step, 0.0)) for name in share] for step in names}
    each[ALL] = [(journeys * share[name], sum(steps[name].values())) for name in share]
    return {step: _expected(parts) for step, parts in each.items()}


def _expected(parts: list[tuple[float, float]]) -> Expected:
    """Of (arrivals, requests per arrival): a compound Poisson sum, its variance bounded by arrivals x m x ceil(m)."""
    mean = sum(arrivals * each for arrivals, each in parts)
    variance = sum(arrivals * each * math.ceil(each) for arrivals, each in parts)
    return Expected(mean, max(0.0, mean - SIGMAS * math.sqrt(variance)))

"""What is wrong with an objective: what can never happen, and what its queries ask for that the contract lacks.

Owns one sentence per fault, with its remedy. Pure, but for `load_objectives`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from seatrial.checks.quantities import PERCENTILES, name_of, share_of
from seatrial.errors import ConfigError
from seatrial.objectives.limits import objective_limits
from seatrial.objectives.objective import AVAILABILITY, LATENCY, STEPS, THRESHOLD, WINDOW, Objective, query_keys
from seatrial.objectives.promql import NotPromql, Selector, read
from seatrial.objectives.spec import read_objectives
from seatrial.objectives.windows import PRODUCTION, Severity
from seatrial.project.telemetry import Metric, Telemetry
from seatrial.project.yaml_source import Problem

SUFFIXES = ("_bucket", "_count", "_sum")
# What Prometheus adds to every series, by our configuration of it.
TARGET_LABELS = frozenset({"job", "instance"})
WHOLE = 1e-9


def load_objectives(file: Path, telemetry: Telemetry, services: Collection[str]) -> tuple[Objective, ...]:
    """Read and check slo.yml. Raises ConfigError with every fault of a document."""
    found = read_objectives(file)
    for source in {id(source): source for _, source, _ in found}.values():
        own = [(objective, keys) for objective, of, keys in found if of is source]
        problems = [
            Problem((*keys, *at), message)
            for objective, keys in own
            for at, message in faults(objective, telemetry, services)
        ]
        if problems:
            raise source.error(problems)
    objectives = tuple(objective for objective, _, _ in found)
    _refuse_doubles(objectives)
    return objectives


def _refuse_doubles(objectives: Sequence[Objective]) -> None:
    """Two that ask the same of the same step could only differ in the limit."""
    known: dict[tuple[str, str], Objective] = {}
    for each in objective_limits(objectives):
        other = known.setdefault((each.step, each.kind), each.objective)
        if other is not each.objective:
            place = each.objective.place
            raise ConfigError(
                f"{each.objective.id} and {other.id} both ask {each.kind} of the step {each.step}. Remove {STEPS} from one.",
                file=place.file,
                line=place.line,
            )


def faults(
    objective: Objective, telemetry: Telemetry, services: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys below the objective's own, and a sentence."""
    if objective.service not in services:
        known = ", ".join(services)
        yield (
            ("name",),
            f"{objective.service} is no service of the fleet, so {objective.name} has none. Known are: {known}.",
        )
    yield from ((("alerting", f"{severity}_alert"), message) for severity, message in _never(objective))
    for name, query in objective.queries().items():
        where = f"{name} of {objective.name}"
        yield from (
            (query_keys(name), message)
            for message in query_faults(query.replace(WINDOW, "5m"), where, telemetry, services)
        )
    yield from ((("labels", THRESHOLD), message) for message in _threshold_faults(objective))
    yield from ((("labels", STEPS), message) for message in _steps_faults(objective))


def _never(objective: Objective) -> Iterator[tuple[Severity, str]]:
    """Burn rates that no share of errors reaches: not even when every event is bad."""
    severities: tuple[Severity, ...] = ("page", "ticket")
    for severity in severities:
        factor = max(burn.factor for burn in PRODUCTION.of(severity))
        if getattr(objective, severity) is not None and factor * objective.budget >= 1:
            lowest = 100 * (1 - 1 / factor)
            message = (
                f"the {severity} of {objective.name} can never fire: it needs {factor:g} times the budget of {objective.budget:.4g}, and no more "
                f"than all events can be bad. Raise the objective above {lowest:.4g}, or say {severity}_alert: {{disable: true}}."
            )
            yield severity, message


def _threshold_faults(objective: Objective) -> Iterator[str]:
    if objective.kind != LATENCY:
        return
    bounds = sorted({bound for each in _selectors(objective) for bound in bounds_asked(each)})
    if bounds != [objective.threshold]:
        asked = ", ".join(f"{bound:g}" for bound in bounds) or "none"
        yield (
            f"{THRESHOLD} of {objective.name} is {objective.threshold:g}, but its query counts those within le = {asked}. "
            "They must say the same."
        )


def _steps_faults(objective: Objective) -> Iterator[str]:
    """What raw samples of the load cannot say."""
    if not objective.steps:
        return
    if objective.kind not in {LATENCY, AVAILABILITY}:
        yield f"{STEPS} of {objective.name}: requests of the load do not tell {objective.kind}. Remove {STEPS}."
    elif objective.kind == LATENCY and name_of(objective.target) not in PERCENTILES:
        known = ", ".join(f"{share_of(name) * 100:g}" for name in PERCENTILES)
        yield (
            f"a trial judges latencies at {known} per cent, and {objective.name} asks for {objective.target * 100:g}. "
            f"Choose one of them, or remove {STEPS}."
        )


def _selectors(objective: Objective) -> list[Selector]:
    found = list[Selector]()
    for query in objective.queries().values():
        try:
            found += read(query.replace(WINDOW, "5m")).selectors
        except NotPromql:  # told by query_faults
            continue
    return found


def bounds_asked(selector: Selector) -> list[float]:
    """The bucket bounds that a selector of `_bucket` series asks for; a regular expression may name one twice, as `1|1.0`."""
    found = set[float]()
    for name, operator, value in selector.matchers:
        if name == "le" and operator in {"=", "=~"}:
            for part in value.split("|") if operator == "=~" else [value]:
                try:
                    found.add(float(part.replace("\\", "")))
                except ValueError:
                    continue
    return sorted(found)


def query_faults(query: str, where: str, telemetry: Telemetry, services: Collection[str]) -> Iterator[str]:
    """What a query asks for that there is not. `where` begins each sentence."""
    try:
        asked = read(query)
    except NotPromql as error:
        yield f"{where} is no PromQL: {error}."
        return
    for selector in asked.selectors:
        yield from _selector_faults(selector, where, telemetry.metrics, services)
    known = {label for metric in telemetry.metrics.values() for label in metric.labels} | TARGET_LABELS | {"le"}
    for label in sorted(asked.labels - known):
        yield f"{where} groups by '{label}', which no metric of telemetry.yml has."


def _selector_faults(
    selector: Selector, where: str, metrics: Mapping[str, Metric], services: Collection[str]
) -> Iterator[str]:
    name, metric = declared(selector.metric, metrics)
    if metric is None:
        yield f"{where} asks for {selector.metric or 'a metric without a name'}, which telemetry.yml does not declare."
        return
    if metric.type == "histogram" and name == selector.metric:
        yield f"{where} asks for {selector.metric}, a histogram, which has only {', '.join(name + end for end in SUFFIXES)}."
    bucket = selector.metric.endswith("_bucket")
    labels = {*metric.labels, *TARGET_LABELS, *({"le"} if bucket else ())}
    for label, operator, value in selector.matchers:
        if label not in labels:
            yield f"{where} asks {selector.metric} for its label '{label}', which it has not: {', '.join(sorted(labels))}."
        elif label == "job" and operator == "=" and value not in services:
            yield f"{where} asks for the job '{value}', which is no service. Known are: {', '.join(services)}."
    if bucket:
        yield from _bound_faults(selector, where, metric)


def _bound_faults(selector: Selector, where: str, metric: Metric) -> Iterator[str]:
    for bound in bounds_asked(selector):
        if bound not in metric.buckets:
            known = ", ".join(f"{each:g}" for each in metric.buckets)
            yield f"{where} asks for le = {bound:g}, which is no bound of {selector.metric}: {known}."
        elif selector.equal("le") is not None and abs(bound - round(bound)) < WHOLE:
            yield (
                f'{where} asks for le="{selector.equal("le")}", which some exporters write as {bound:g} and some as {bound:.1f}. '
                f'Ask for le=~"{bound:g}|{bound:.1f}".'
            )


def declared(series: str, metrics: Mapping[str, Metric]) -> tuple[str, Metric | None]:
    """The metric that a series belongs to."""
    if series in metrics:
        return series, metrics[series]
    for suffix in SUFFIXES:
        name = series.removesuffix(suffix)
        if name != series and name in metrics and metrics[name].type in {"histogram", "summary"}:
            return name, metrics[name]
    return series, None

"""Collects what a run left into one Evidence: samples, readings, logs, what Prometheus stored, the hook's answer.

Owns the I/O and turns each thing that cannot be had into an obstacle in words; the checks decide what it means.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seatrial.asked import Asked, asked
from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Samples as Series
from seatrial.backends.exposition import parse_exposition
from seatrial.backends.logs import LogEvidence
from seatrial.backends.prometheus import Prometheus
from seatrial.budgets import alerts_fired, outcomes
from seatrial.checks.alerts import Fired
from seatrial.checks.ceilings import Wanted, for_each
from seatrial.checks.inputs import ClientRow, Generator, ServiceCounts, StepSamples, Stop
from seatrial.checks.limits import Judged
from seatrial.checks.load import Validity
from seatrial.checks.metrics import Endpoint
from seatrial.checks.panels import Panels
from seatrial.checks.pipeline import Shipped
from seatrial.checks.quantities import Resource
from seatrial.checks.reconcile_prometheus import Stored
from seatrial.checks.saturation import Measured, Nearest, nearest_limit
from seatrial.checks.scrapes import Outage, Scrapes
from seatrial.checks.traces import Chosen, choose
from seatrial.counting import Left, process_starts, service_counts, stored_requests
from seatrial.happened import excuse, full_disk, outages
from seatrial.lines_between import lines_said, lines_shipped
from seatrial.load.errors import NoSamples
from seatrial.load.profile import ALL, Ceilings, Profile, Slopes
from seatrial.load.samples import Samples, read_samples
from seatrial.measuring import Cost
from seatrial.objectives.outcome import Outcome
from seatrial.observed import EMPTY, Usage, observe
from seatrial.panels.run import see_panels, span_of
from seatrial.project.project import Project
from seatrial.readings import Counters, Reading, counters_of, load_reading, readable
from seatrial.run_folder import read_json
from seatrial.stacks.pipeline import Pipeline
from seatrial.stacks.protocol import UnplannedExit
from seatrial.timeline import Timeline

# Of failed and of slow requests each, as many as a person looks at.
NOTABLE = 12
NOT_STOPPED = "the fleet was not stopped before the verdict"
NO_SCRAPES = Scrapes(0.0, 0.0, 1.0, obstacle="there are no two readings to look between")


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """The invariants hook: whether the project names one, its document, or why there is none."""

    asked: bool = False
    document: Mapping[str, Any] | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checks are given. `unquiet` and `logs_obstacle` say why counts or logs cannot be used, `span` when arrivals came.

    `expected` are, by step, the services that a success must touch, `right` its right statuses, both by the generator's
    account; `chosen` the requests whose traces were looked up; `stops` how replicas ended that were asked to, None when the
    fleet was not stopped, for the reason `undrained`; `scraped` the instances that have metrics, `watched` whether the
    fleet's processes were watched.

    `ceilings` and `slopes` are what is asked of each service, `measured` what its replicas used, `nearest` who was
    nearest its limit, `timeline` all of that through the run, `measuring` what the measuring cost, `notable` the
    slowest and the failed requests.

    `shipped` is what became of the log lines, None when nobody asked for a pipeline; `lag_limits` are by percentile, `began` is
    when judged load began.

    `objectives` is what each came to, `fired` which alerts did, `panels` what came of the
    dashboards' queries (None where there are none), `unasked` are checks by objectives that the profile is too small for, and why.

    `offered_rate` is journeys per second planned over judged stages; `stored_requests` what Prometheus kept of the
    entry's requests between the readings.
    """

    entry: str
    limits: Mapping[str, Mapping[str, float]]
    validity: Validity
    judged: Judged
    generator: Generator | None
    rows: Sequence[ClientRow]
    expected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    right: Mapping[str, frozenset[str]] = field(default_factory=dict)
    chosen: Chosen = field(default_factory=Chosen)
    unquiet: str = ""
    counts: Mapping[str, ServiceCounts] = field(default_factory=dict)
    logs: LogEvidence | None = None
    logs_obstacle: str = ""
    instances: Sequence[str] = ()
    scraped: Sequence[str] = ()
    endpoints: Sequence[Endpoint] = ()
    starts_before: Mapping[str, float] = field(default_factory=dict)
    starts_after: Mapping[str, float] = field(default_factory=dict)
    raw: Mapping[str, Series] = field(default_factory=dict)
    stored: Stored = field(default_factory=Stored)
    scrapes: Scrapes = NO_SCRAPES
    span: tuple[float, float] | None = None
    outages: Sequence[Outage] = ()
    exits: Sequence[str] = ()
    stops: Sequence[Stop] | None = None
    undrained: str = NOT_STOPPED
    watched: bool = True
    invariants: HookAnswer = HookAnswer()
    asked: Asked = field(default_factory=Asked)
    usage: Sequence[Usage] = ()
    ceilings: Wanted = field(default_factory=dict)
    slopes: Wanted = field(default_factory=dict)
    measured: Measured | None = None
    nearest: Nearest | None = None
    timeline: Timeline = EMPTY
    measuring: Sequence[Cost] = ()
    notable: Sequence[Mapping[str, Any]] = ()
    shipped: Shipped | None = None
    lag_limits: Mapping[str, float] = field(default_factory=dict)
    began: float = 0.0
    unasked: Mapping[str, str] = field(default_factory=dict)
    objectives: Sequence[Outcome] = ()
    fired: Fired | None = None
    panels: Panels | None = None
    offered_rate: float = 0.0
    requests: int = 0
    failures: int = 0
    stored_requests: int | None = None
    notes: Sequence[tuple[str, str]] = ()


def collect(
    run_dir: Path,
    project: Project,
    *,
    prometheus: Prometheus | None,
    invariants: HookAnswer,
    exits: Iterable[UnplannedExit] = (),
    unable: Mapping[str, str] = MappingProxyType({}),
    pipeline: Pipeline | None = None,
) -> Evidence:
    """Read the run's folder and ask Prometheus and the pipeline, while they still run. Nothing that is missing raises.

    `prometheus` is None when the stack has none or lost it; `unable` are checks that the stack gives no ground for.
    """
    profile = Profile.model_validate(read_json(run_dir / "profile.json"))
    samples, absent = _samples(run_dir / "samples", profile)
    before, after = (load_reading(run_dir / "metrics" / f"{when}.json") for when in ("before", "after"))
    rows = samples.client_rows() if samples else []
    record = read_json(run_dir / "run.json") or {}
    evidence = Evidence(
        entry=project.fleet.entry,
        limits={step: limits.by_kind() for step, limits in profile.limits.items()},
        validity=Validity(profile.validity.lag_p99_seconds, profile.validity.started_ratio),
        judged=_judged(profile, samples),
        generator=_generator(samples),
        rows=rows,
        expected=samples.expected_services() if samples else {},
        right=samples.right_statuses() if samples else {},
        chosen=choose(rows, profile.seed),
        unquiet=unquiet(before, after),
        invariants=invariants,
        asked=asked(project, _logged(project, [each for each in (before, after) if each]), unable),
        undrained=unable.get("drain.clean", NOT_STOPPED),
        watched="restarts.unplanned" not in unable,
        ceilings=_of_services(project, profile.ceilings),
        slopes=_of_services(project, profile.slopes),
        span=(samples.started_at, samples.started_at + profile.seconds) if samples else None,
        outages=outages(record),
        measuring=_measuring(record, samples),
        lag_limits=profile.telemetry.percentiles(),
        began=_began(profile, samples),
        offered_rate=_offered_rate(profile),
        **(_of_all(samples) if samples else {}),
        notes=[*([("samples", absent)] if absent else []), *full_disk(record)],
    )
    spent = outcomes(project.objectives, evidence.judged, evidence.began, prometheus)
    panels = see_panels(run_dir, prometheus, pipeline, span_of(project, *evidence.span) if evidence.span else None)
    evidence = replace(evidence, objectives=spent, panels=panels, unasked=record.get("unasked", {}))
    if before is None or after is None:
        return replace(evidence, logs_obstacle=evidence.unquiet, stored=Stored(obstacle=evidence.unquiet))
    shipped = lines_shipped(before, after, project, evidence.chosen, pipeline) if pipeline else None
    fired = alerts_fired(project, prometheus, evidence.began or before.at, after.at, excuse(profile, record))
    evidence, left = replace(evidence, shipped=shipped, fired=fired), counts_left(run_dir / "metrics" / "left")
    observed = _observed(evidence, before, after, project, prometheus, exits, left)
    return _saturated(observed, before, after, _limits(project, record))


def _of_all(samples: Samples) -> dict[str, Any]:
    return {
        "notable": samples.notable(NOTABLE),
        "requests": len(samples.requests["outcome"]),
        "failures": samples.failures(),
    }


def unquiet(before: Reading | None, after: Reading | None) -> str:
    """Why the counts between two readings may not be used; empty when they may."""
    for name, reading in (("before", before), ("after", after)):
        if reading is None:
            return f"there is no reading {name} the load"
        if reading.moved:
            return f"the fleet was not quiet {name} the load: {'; '.join(reading.moved)}"
    return ""


def _samples(folder: Path, profile: Profile) -> tuple[Samples | None, str]:
    try:
        return read_samples(folder, profile), ""
    except NoSamples as error:
        return None, str(error)


def _judged(profile: Profile, samples: Samples | None) -> Judged:
    seconds = profile.judged_seconds()
    steps: dict[str, StepSamples] = {}
    if samples:
        steps = {step: judged for step in [*samples.steps(), ALL] if (judged := samples.judged(step)).window.size}
    return Judged(steps, [second - seconds[0] for second in seconds], profile.seed)


def _began(profile: Profile, samples: Samples | None) -> float:
    """When judged load began, in epoch seconds."""
    return samples.started_at + min(profile.judged_seconds(), default=0) if samples else 0.0


def _offered_rate(profile: Profile) -> float:
    rates = profile.rates()
    judged = profile.judged_seconds() or range(profile.seconds)
    return sum(rates[second] for second in judged) / len(judged)


def _generator(samples: Samples | None) -> Generator | None:
    if samples is None:
        return None
    faults = [f"a journey has a fault of its own: {error}" for error in samples.journey_errors()[:1]]
    faults += [] if samples.drained() else ["a load process ended without closing its files"]
    faults += [astray] if (astray := samples.arrivals_astray()) else []
    return replace(samples.generator(), faults=tuple(faults))


def _logged(project: Project, readings: Sequence[Reading]) -> set[str]:
    """The services whose log is within reach; without a reading, all."""
    if not readings:
        return set(project.fleet.services)
    return {target.service for reading in readings for target in reading.targets if target.log_file is not None}


def _of_services(project: Project, asked: Mapping[str, Ceilings | Slopes]) -> Wanted:
    """What is asked of all is asked of each; of waiting for a store only where there is one."""
    services = project.fleet.services
    wanted = for_each({name: each.by_resource() for name, each in asked.items()}, list(services), ALL)
    own = {name: each.by_resource() for name, each in asked.items() if name != ALL}
    return {
        name: {
            resource: ceiling
            for resource, ceiling in ceilings.items()
            if resource is not Resource.STORE_WAIT or services[name].store or resource in own.get(name, {})
        }
        for name, ceilings in wanted.items()
    }


def _limits(project: Project, record: Mapping[str, Any]) -> dict[Resource, float]:
    """What one replica can use at most, where it does not tell itself; from fleet.yml and the machine."""
    machine = record.get("machine", {})
    cores = project.fleet.cores_per_replica or machine.get("cores")
    limits = {Resource.CPU: cores, Resource.MEMORY: machine.get("memory_bytes")}
    return {resource: float(limit) for resource, limit in limits.items() if limit}


def _saturated(evidence: Evidence, before: Reading, after: Reading, limits: Mapping[Resource, float]) -> Evidence:
    replicas: dict[str, list[str]] = {}
    for target in after.targets:
        replicas.setdefault(target.service, []).append(target.instance)
    obstacle = evidence.stored.obstacle
    measured = Measured(evidence.timeline.tracks, replicas, evidence.judged, evidence.began or before.at, obstacle)
    return replace(evidence, measured=measured, nearest=nearest_limit(measured, limits))


def _measuring(record: Mapping[str, Any], samples: Samples | None) -> list[Cost]:
    """The generator by its own account, the rest by run.json."""
    costs = [Cost(**each) for each in record.get("measuring", [])]
    if samples is None:
        return costs
    made = samples.generator()
    cores = made.cpu_seconds / made.wall_seconds if made.wall_seconds else None
    return [Cost("generator", cores, samples.resident_bytes()), *costs]


def counts_left(folder: Path) -> Left:
    """What processes had counted when they were restarted, by instance and in that order."""
    found: dict[str, list[Series]] = {}
    for file in sorted(folder.glob("*.prom")):
        with contextlib.suppress(NotExposition):  # its counts are lost then, as a killed process's are
            instance = file.name.split(".", 1)[1].removesuffix(".prom")
            found.setdefault(instance, []).append(parse_exposition(file.read_text(encoding="utf-8")))
    return found


def _observed(
    evidence: Evidence,
    before: Reading,
    after: Reading,
    project: Project,
    prometheus: Prometheus | None,
    exits: Iterable[UnplannedExit],
    left: Left,
) -> Evidence:
    telemetry = project.telemetry
    targets = (*before.targets, *after.targets)
    logged = [name for name in project.fleet.services if evidence.asked.of(name).log]
    told = [row["trace_id"] for row in evidence.notable]
    logs, logs_obstacle = lines_said(before, after, project, logged, evidence.chosen, told)
    counters = {name: counters_of(telemetry, name) for name in {target.service for target in targets}}
    services = {target.instance: target.service for target in targets}
    starts_after = process_starts(after, telemetry)
    seen = observe(prometheus, before, after, project, counters, evidence.span or (before.at, after.at))
    return replace(
        evidence,
        counts=service_counts(before, after, telemetry, left),
        logs=logs,
        logs_obstacle=logs_obstacle,
        instances=list(services),
        scraped=list(dict.fromkeys(target.instance for target in targets if target.offered)),
        endpoints=[endpoint for reading in (before, after) for endpoint in _endpoints(reading)],
        starts_before=process_starts(before, telemetry),
        starts_after=starts_after,
        raw={name: only(series, counters[services[name]]) for name, series in readable(after).items()},
        stored=seen.stored,
        scrapes=seen.scrapes,
        usage=seen.usage,
        timeline=seen.timeline,
        stored_requests=stored_requests(
            before,
            seen.stored.series,
            starts_after,
            project.fleet.entry,
            telemetry,
            left,
        ),
        exits=[_in_words(each) for each in exits if each.name.split()[0] in services],
        notes=[*evidence.notes, *seen.notes],
    )


def only(series: Series, counters: Counters) -> Series:
    """The series that count."""
    return {key: value for key, value in series.items() if key in counters}


def _endpoints(reading: Reading) -> Iterable[Endpoint]:
    for target in (target for target in reading.targets if target.offered):
        fault = ""
        try:
            target.samples()
        except NotExposition as error:
            fault = str(error)
        yield Endpoint(target.instance, target.body is not None, fault)


def _in_words(found: UnplannedExit) -> str:
    code = "" if found.returncode is None else f" with code {found.returncode}"
    return f"{found.name} (pid {found.pid}) ended by itself{code}"

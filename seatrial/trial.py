"""The main job, as a list of steps: up, populate, break, read, drive, mend, read, collect, drain, judge, report, down.

Owns their order and what happens when one cannot be done. Leaves each step to the module of its name, and how it
all looks to the renderers of seatrial.report.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import requests

from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import Prometheus
from seatrial.checks.finding import Finding, Verdict
from seatrial.disk import DISK_FULL, DiskWatch
from seatrial.errors import HookError, UsageError
from seatrial.evidence import Evidence, HookAnswer, collect
from seatrial.faults import Fault
from seatrial.happened import planned_stops
from seatrial.hooks import populated
from seatrial.judge import Judgement, judge
from seatrial.lagging import LagWatch, save_probes
from seatrial.load.errors import GeneratorFailed, NoSamples
from seatrial.load.exporter import exported
from seatrial.load.plan import Plan
from seatrial.load.profile import Profile
from seatrial.load.progress import Progress
from seatrial.load.runner import LoadJob, drive
from seatrial.load.samples import to_parquet
from seatrial.measuring import Meter
from seatrial.panels.run import keep_dashboards
from seatrial.piped import LAG, shipped_roles, wait_until_shipped
from seatrial.project.project import Project
from seatrial.readings import quiet_reading
from seatrial.report import wording
from seatrial.report.document import RunFacts, verdict_document
from seatrial.report.events import (
    Event,
    FindingReached,
    Note,
    RunStarted,
    StepFinished,
    StepStarted,
    VerdictReached,
)
from seatrial.report.html.page import report_html
from seatrial.report.html.source import read_source
from seatrial.report.junit import junit_xml
from seatrial.report.stack_events import event_of_load
from seatrial.report.summary import summary_markdown
from seatrial.run_folder import RunFolder, write_json, write_text
from seatrial.settings import child_environment
from seatrial.ship.following import Source, sources_of
from seatrial.stacks.owner import Attendant
from seatrial.stacks.protocol import Stack
from seatrial.stories import stories

# A busy machine's Prometheus was seen to meet its targets 7 s after it had said that it is ready.
SCRAPE_SECONDS = 20.0
# A line is found a second after it was acknowledged, on a busy machine somewhat later.
LAST_PROBES_SECONDS = 5.0
FILES = ("report.html", "verdict.json", "evidence.json", "junit.xml", "summary.md")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for; `replicas` are numbers that replace fleet.yml's."""

    project: Project
    profile: Profile
    plan: Plan
    faults: tuple[Fault, ...] = ()
    replicas: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """What a step says of itself when it has ended."""

    result: str = ""
    ok: bool = True


@dataclass(slots=True)
class Trial:
    """One run of the main job. `show` is told every event, `on_up` of the stack that is up.

    `unmet` are steps that could not be done.
    """

    order: Order
    run: RunFolder
    stack: Stack
    show: Callable[[Event], None]
    on_up: Callable[[Stack], None] = lambda _: None
    timings: dict[str, float] = field(default_factory=dict)
    unmet: list[Finding] = field(default_factory=list)
    _driven: str = ""
    _meter: Meter | None = None
    _lag: LagWatch | None = None
    _disk: DiskWatch = field(default_factory=DiskWatch)

    def go(self) -> Verdict:
        """Run all steps; whatever happens, the stack is down and the run finished afterwards."""
        began, profile = time.monotonic(), self.order.profile
        self.show(RunStarted(self.run.id, profile.name, profile.seed, str(self.run.path)))
        write_json(self.run.path / "profile.json", profile.document())
        keep_dashboards(self.order.project, self.run.metrics)
        self.run.add(unasked=dict(self.order.plan.unasked))
        try:
            self._up()
            self._populate()
            self._await_scrapes()
            self._fault("apply")
            self._read("before")
            self._watch_lag()
            self._drive()
            # Lifted before the second reading: a fleet that hangs would never be quiet.
            self._fault("lift")
            self._read("after")
            self._await_pipeline()
            evidence = self._drain(self._collect())
            judgement = self._judge(evidence)
            self.timings["total_seconds"] = time.monotonic() - began
            reached = self._report(judgement, evidence)
        finally:
            self._down()
        self.show(reached)
        return reached.verdict

    # Before the load

    def _up(self) -> None:
        for reason in dict.fromkeys(self.stack.unable.values()):
            self.show(Note(reason))
        title = "reach the fleet, start Prometheus" if self.stack.unable else "start fleet and Prometheus"
        with self._step(title) as told:
            began = time.monotonic()
            self.stack.up()
            self.timings["up_seconds"] = time.monotonic() - began
            told.result = f"{len(self.stack.replicas())} replicas, entry {self.stack.entry_url()}"
        self.on_up(self.stack)

    def _populate(self) -> None:
        command = self.order.project.hooks.populate
        if command is None:
            return
        with self._step("populate") as told:
            made = self._hook(told, "populate", command, seed=self.order.profile.seed)
            self.run.record["populated"] = populated(made)
            self.run.save()
            told.result = told.result or wording.listed(populated(made))

    def _await_scrapes(self) -> None:
        """Prometheus says that it is ready some time before it has met its targets; a hole then would be ours."""
        instances = [replica.instance for replica in self.stack.replicas() if replica.metrics_url is not None]
        with self._step("wait for the first scrapes") as told, self._prometheus() as prometheus:
            if prometheus is None:
                told.result = "no Prometheus"
                return
            try:
                met = prometheus.wait_for_scrapes(instances, self.run.record["started"], patience=SCRAPE_SECONDS)
                told.result = f"{len(met)} of {len(instances)} targets"
                told.ok = len(met) == len(instances)
            except BackendError as error:  # the judge will say what follows from it
                told.result, told.ok = str(error), False

    @contextmanager
    def _prometheus(self) -> Iterator[Prometheus | None]:
        url = self.stack.prometheus_url()
        with requests.Session() as http:
            http.trust_env = False
            yield Prometheus(url, http) if url else None

    def _fault(self, action: str) -> None:
        command, faults = self.order.project.hooks.fault, self.order.faults
        if not faults:
            return
        if command is None:
            raise UsageError("--fault needs a fault hook, and seatrial.yml names none. Add hooks.fault.")
        documents = [fault.document() for fault in faults]
        with self._step(f"{action} fault") as told:
            told.result = ", ".join(f"{fault.name} at {fault.service}" for fault in faults)
            self._hook(told, "fault", command, action=action, faults=documents)
        self.run.event("fault", action=action, faults=documents)

    def _hook(self, told: Told, name: str, command: Sequence[str], **document: Any) -> dict[str, Any]:
        """The hook's answer; empty, and an INCONCLUSIVE finding, when it gave none."""
        try:
            return self.stack.call_hook(name, command, **document)
        except HookError as error:
            self.unmet.append(Finding(f"hooks.{name}", Verdict.INCONCLUSIVE, str(error)))
            told.result, told.ok = str(error), False
            return {}

    # The load, and what it left

    def _await_pipeline(self) -> None:
        """Every line must be there within the time that the profile gives; the judge says what is not."""
        pipeline = self.stack.pipeline()
        if pipeline is None:
            return
        with self._step("wait for the log pipeline") as told:
            patience = self.order.profile.telemetry.catch_up_seconds
            left = wait_until_shipped(pipeline, self._log_sources(), patience)
            told.ok = not (left or pipeline.obstacle)
            told.result = pipeline.obstacle or (f"{left} bytes not shipped" if left else "all lines shipped")
            if self._lag is not None:
                save_probes(pipeline.folder / LAG, self._lag.stop(patience=LAST_PROBES_SECONDS))

    def _log_sources(self) -> list[Source]:
        return sources_of(
            ((each.service, each.instance, each.log_file) for each in self.stack.replicas()),
            shipped_roles(self.order.project),
        )

    def _watch_lag(self) -> None:
        """From now on, until the pipeline is waited for."""
        pipeline = self.stack.pipeline()
        if pipeline is not None and not pipeline.obstacle:
            roles = shipped_roles(self.order.project)
            self._lag = LagWatch(pipeline.documents(), self._log_sources(), roles)
            self._lag.start()

    def _read(self, when: str) -> None:
        project = self.order.project
        with self._step(f"read counters {when} the load") as told:
            reading = quiet_reading(self.stack.replicas(), project.telemetry)
            reading.save(self.run.metrics / f"{when}.json")
            told.ok, told.result = not reading.moved, "; ".join(reading.moved) or "quiet"

    def _drive(self) -> None:
        load = self.order.project.load
        if load is None:
            raise UsageError("a trial needs a load, and seatrial.yml names none. Add load.locustfile.")
        if self.unmet:
            self.show(Note("no load is driven, since what it needs is not there", warning=True))
            return
        profile = self.order.profile
        job = LoadJob(
            profile=profile,
            locustfile=load.locustfile,
            target=self.stack.entry_url(),
            samples=self.run.samples,
            profile_file=self.run.path / "profile.json",
            log=self.run.logs / "locust.out",
            environment=child_environment(self.run.id),
            identities=self.run.identities if self.run.identities.exists() else None,
            working_folder=self.order.project.root,
            discovery=self.stack.discovery_file,
            entry=self.order.project.fleet.entry,
        )
        attendant, self._meter = Attendant(self.stack), Meter(self._measurers(), parents=["Elasticsearch"])
        self._meter.look()
        with self._step(f"drive {profile.name}, {profile.seconds} s") as told:
            try:
                with exported(self.stack.run_dir) as gauges:
                    self.timings["load_seconds"] = drive(job, self._progress, attendant.turn, gauges)
                to_parquet(self.run.samples)
                told.result = self._driven
            except (GeneratorFailed, NoSamples) as error:
                self.unmet.append(Finding("load.driven", Verdict.INCONCLUSIVE, str(error)))
                told.result, told.ok = str(error), False
            attendant.finish()  # a restart that was asked for at the end is still one of this load's
        self._meter.look()
        self.run.add(measuring=[asdict(cost) for cost in self._meter.costs()])
        if self._disk.full:
            self.run.event(DISK_FULL, looks=self._disk.looks, full=self._disk.full)

    def _measurers(self) -> dict[str, int]:
        """The processes that measure, beside the generator."""
        status = self.stack.status()
        logs = status["elasticsearch"] or {}
        found = {"Prometheus": status["prometheus"], "Elasticsearch": logs, "shipper": logs.get("shipper")}
        return {"harness": os.getpid(), **{name: each["pid"] for name, each in found.items() if each and each["pid"]}}

    def _progress(self, seen: Progress) -> None:
        """About once a second: tell, and look whether all live."""
        self.show(event_of_load(seen))
        self._driven = f"{seen.requests} requests, {seen.failures} failed"
        self.stack.unplanned_exits()
        self._disk.look(self.run.path)
        if self._meter is not None:
            self._meter.look()

    # The verdict

    def _collect(self) -> Evidence:
        """While all still runs: Prometheus and the invariants hook are asked here."""
        began = time.monotonic()
        with self._step("collect evidence") as told, self._prometheus() as prometheus:
            evidence = collect(
                self.run.path,
                self.order.project,
                prometheus=prometheus,
                invariants=self._invariants(),
                exits=self.stack.unplanned_exits(),
                unable=self.stack.unable,
                pipeline=self.stack.pipeline(),
            )
            evidence.timeline.save(self.run.metrics / "timeline.json")
            lines = evidence.logs.told if evidence.logs else []
            write_json(self.run.path / "traces.json", stories(evidence.notable, lines))
            told.result = f"{len(evidence.rows)} requests"
        self.timings["judge_seconds"] = time.monotonic() - began
        return evidence

    def _drain(self, evidence: Evidence) -> Evidence:
        """Stop the fleet as a deployment would, each replica with its time, and add how each ended."""
        if "drain.clean" in self.stack.unable:
            return evidence
        with self._step("drain the fleet") as told:
            records = self.stack.drain() or []
            rough = [record.instance for record in records if record.killed or record.code]
            told.ok = not rough
            told.result = f"{len(records)} replicas" + (f", not cleanly: {', '.join(rough)}" if rough else "")
        return replace(evidence, stops=planned_stops(self.run.record))

    def _judge(self, evidence: Evidence) -> Judgement:
        began = time.monotonic()
        with self._step("judge") as told:
            judgement = judge(evidence)
            judgement = replace(judgement, findings=(*self.unmet, *judgement.findings))
            told.result = f"{len(judgement.findings)} checks"
        for finding in judgement.findings:
            self.show(FindingReached(finding))
        self.timings["judge_seconds"] += time.monotonic() - began
        return judgement

    def _invariants(self) -> HookAnswer:
        command = self.order.project.hooks.invariants
        if command is None:
            return HookAnswer()
        try:
            document = self.stack.call_hook("invariants", command, samples=self.run.samples)
        except HookError as error:
            return HookAnswer(asked=True, obstacle=str(error))
        return HookAnswer(asked=True, document=document)

    def _report(self, judgement: Judgement, evidence: Evidence) -> VerdictReached:
        """Write the files that a run leaves; the verdict is shown when all is down."""
        run, profile = self.run, self.order.profile
        facts = RunFacts(
            run.id, profile.name, profile.seed, run.record["started"], time.time(), run.record.get("populated", {})
        )
        document = verdict_document(facts, evidence, judgement, self.timings)
        write_json(run.path / "verdict.json", document)
        write_json(
            run.path / "evidence.json", {each.name: each.evidence for each in judgement.findings if each.evidence}
        )
        write_text(run.path / "junit.xml", junit_xml(document))
        write_text(run.path / "summary.md", summary_markdown(document))
        with self._step("report"):
            write_text(run.path / "report.html", report_html(read_source(run.path)))
        files = {name: str(run.path / name) for name in FILES}
        return VerdictReached(judgement.verdict, document, files)

    def _down(self) -> None:
        """Also when interrupted, and also when the stack never came up."""
        try:
            with self._step("stop everything"):
                self.stack.down()
        finally:
            self.run.finish()

    @contextmanager
    def _step(self, title: str) -> Iterator[Told]:
        """Tell that a step begins, and what came of it when it ends, in whichever way."""
        began, told = time.monotonic(), Told()
        self.show(StepStarted(title))
        try:
            yield told
        except BaseException:
            told.ok = False
            raise
        finally:
            finished = StepFinished(title, time.monotonic() - began, told.result, told.ok)
            self.run.event("step", **asdict(finished))
            self.show(finished)

"""The whole judgement of a run, and the documents made of it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from seatrial.asked import Asked
from seatrial.backends.exposition import Samples, Series
from seatrial.backends.logs import LogEvidence
from seatrial.checks.alerts import Fired
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import (
    ANY,
    AttemptKey,
    ClientRow,
    EdgeLines,
    Generator,
    RequestKey,
    RequestLine,
    ServiceCounts,
    ServiceLog,
    StepSamples,
    Stop,
    TraceLines,
    Track,
)
from seatrial.checks.limits import Judged
from seatrial.checks.load import Validity
from seatrial.checks.metrics import Endpoint
from seatrial.checks.panels import Panels
from seatrial.checks.pipeline import Probe, Shipped
from seatrial.checks.quantities import Resource
from seatrial.checks.reconcile_prometheus import Stored
from seatrial.checks.saturation import Measured
from seatrial.checks.scrapes import Scrapes
from seatrial.checks.spans import Span
from seatrial.checks.traces import Chosen
from seatrial.evidence import Evidence, HookAnswer
from seatrial.judge import judge
from seatrial.observed import Usage
from seatrial.report import wording
from seatrial.report.document import SCHEMA_FILE, RunFacts, verdict_document
from seatrial.report.junit import junit_xml
from seatrial.report.summary import summary_markdown
from seatrial.terms import Dims, Terms

OK = RequestKey("GET", "/a", "200")
INVOLVED = ("front", "back")
PIPELINE = "reconcile.elasticsearch, telemetry.lag, traces.documents"
INSTANCES = ("front-1", "back-1")
COUNT = 4500
Change = Callable[[Evidence], Evidence]


def clean() -> Evidence:
    """A run of two services in which everything is as it should be."""
    random = np.random.default_rng(3)
    window = np.sort(random.integers(0, 45, COUNT))
    samples = StepSamples("buy", random.exponential(0.01, COUNT), window, np.ones(COUNT, dtype=bool))
    judged = Judged({"buy": samples, "all": replace(samples, step="all")}, range(45), 7)
    rows = [ClientRow(f"t{number}", f"s{number}", OK, "ok", "buy") for number in range(COUNT)]
    requests, attempts = Counter({OK: COUNT}), Counter({AttemptKey("back", *OK, ""): COUNT})
    logs = {"front": ServiceLog(requests, attempts, lines=2 * COUNT), "back": ServiceLog(requests, lines=COUNT)}
    raw: dict[str, Samples] = {instance: {Series("c_total", ()): 5.0} for instance in INSTANCES}
    up = [(100.0 + second, 1.0) for second in range(61)]
    return Evidence(
        entry="front",
        limits={"buy": {"p95": 0.1, "error_ratio": 0.01, "rate_min": 90}},
        ceilings={"front": {Resource.CPU: 0.9}},
        measured=used(judged),
        validity=Validity(),
        judged=judged,
        generator=Generator(2000, 2000, 0, 0, 30, 400, 12.0, 55.0, np.full(2000, 0.001)),
        rows=rows,
        expected={"buy": INVOLVED},
        right={"buy": frozenset({"200"})},
        chosen=Chosen(rows[:200]),
        counts={"front": ServiceCounts(requests, attempts), "back": ServiceCounts(requests)},
        logs=LogEvidence(
            logs, [RequestLine(row.trace, row.span, row.key) for row in rows], EdgeLines(), whole(rows[:200])
        ),
        instances=INSTANCES,
        scraped=INSTANCES,
        endpoints=[Endpoint(instance, True, "") for instance in INSTANCES],
        starts_before=dict.fromkeys(INSTANCES, 1.0),
        starts_after=dict.fromkeys(INSTANCES, 1.0),
        raw=raw,
        stored=Stored(raw),
        scrapes=Scrapes(100.0, 160.0, 1.0, dict.fromkeys(INSTANCES, up)),
        stops=[Stop(instance, 0, 0.4, killed=False, planned="drain") for instance in INSTANCES],
        invariants=HookAnswer(
            asked=True, document={"findings": [{"name": "sums", "verdict": "PASS", "reason": "0 off"}]}
        ),
        usage=[Usage("front", 0.1, 0.4, 9e7), Usage("back")],
        offered_rate=40.0,
        requests=COUNT,
        stored_requests=COUNT,
    )


def whole(rows: Sequence[ClientRow]) -> TraceLines:
    return TraceLines({row.trace: frozenset(INVOLVED) for row in rows}, calls=len(rows))


def used(judged: Judged, cores: float = 0.4) -> Measured:
    points = tuple((100.5 + second, cores) for second in range(45))
    tracks = [Track("front", "front-1", Resource.CPU, points)]
    return Measured(tracks, {"front": ["front-1"], "back": ["back-1"]}, judged, 100.0)


def undecided(evidence: Evidence) -> dict[str, Verdict]:
    return {found.name: found.verdict for found in judge(evidence).findings if found.verdict is not Verdict.PASS}


def document(evidence: Evidence) -> dict[str, Any]:
    facts = RunFacts("20261123-024501-a1b2", "trial", 7, 1.0, 60.0)
    return verdict_document(facts, evidence, judge(evidence), {"load_seconds": 55.0})


def piped(evidence: Evidence) -> Evidence:
    """The same with a log pipeline in which all is well."""
    spans = [
        Span(row.trace, service, f"{row.span}{service}", "", True, 0.0, 1.0)
        for row in evidence.chosen.sampled
        for service in INVOLVED
    ]
    probes = [Probe("front", 100 + number * 0.02, 100.9 + number * 0.02) for number in range(2200)]
    counts = {service: count.requests for service, count in evidence.counts.items()}
    return replace(
        evidence,
        shipped=Shipped(
            lines={"front": 2 * COUNT, "back": COUNT},
            acknowledged={"front": 2 * COUNT, "back": COUNT},
            documents=3 * COUNT,
            requests=counts,
            written=counts,
            spans=spans,
            probes=probes,
        ),
        lag_limits={"p50": 3.0, "p95": 10.0},
        began=100.0,
    )


def test_a_pipeline_in_which_all_is_well_passes() -> None:
    names = {found.name for found in judge(piped(clean())).findings}
    assert {"reconcile.elasticsearch", "telemetry.lag.p50", "telemetry.lag.p95", "traces.documents"} <= names
    assert undecided(piped(clean())) == {}


def test_a_pipeline_that_was_asked_for_and_cannot_be_had_is_inconclusive() -> None:
    lost = replace(piped(clean()), shipped=Shipped(obstacle="no Elasticsearch was found"))
    assert undecided(lost) == dict.fromkeys(
        ("reconcile.elasticsearch", "telemetry.lag.p50", "telemetry.lag.p95", "traces.documents"), Verdict.INCONCLUSIVE
    )
    assert document(lost)["telemetry"] is None


def test_the_document_tells_what_became_of_the_lines() -> None:
    made = document(piped(clean()))
    assert made["reconciliation"]["elasticsearch"] == made["reconciliation"]["logs"] == COUNT
    assert made["telemetry"]["lag_p50_seconds"] == pytest.approx(0.9)
    assert {made["telemetry"][name] for name in ("lost", "unshipped", "duplicated", "dead_lettered", "unknown")} == {0}


def test_a_clean_run_passes_every_check() -> None:
    judgement = judge(clean())
    assert undecided(clean()) == {}
    assert judgement.verdict is Verdict.PASS
    assert [each.name for each in judgement.not_checked] == [
        "latency.all",
        "slopes",
        PIPELINE,
        "alerts.silent",
        "panels.answered",
    ]


def late(evidence: Evidence) -> Evidence:
    assert evidence.generator
    return replace(evidence, generator=replace(evidence.generator, lag_seconds=np.full(2000, 1.0)))


def uncounted(evidence: Evidence) -> Evidence:
    fewer = ServiceCounts(Counter({OK: COUNT - 1}))
    return replace(evidence, counts={**evidence.counts, "back": fewer})


def no_prometheus(evidence: Evidence) -> Evidence:
    gone = "there is no Prometheus to ask"
    return replace(evidence, stored=Stored(obstacle=gone), scrapes=Scrapes(0, 1, 1, obstacle=gone))


def unquiet(evidence: Evidence) -> Evidence:
    return replace(evidence, unquiet="the fleet was not quiet after the load: back-1: active is 1")


def bad_hook(evidence: Evidence) -> Evidence:
    return replace(evidence, invariants=HookAnswer(asked=True, obstacle="exit code 3"))


def no_logs(evidence: Evidence) -> Evidence:
    return replace(evidence, logs=None, logs_obstacle="the logs cannot be read")


def killed(evidence: Evidence) -> Evidence:
    return replace(evidence, exits=["back-1 (pid 7) ended by itself"])


def cut(evidence: Evidence) -> Evidence:
    assert evidence.logs
    return replace(evidence, logs=replace(evidence.logs, traces=TraceLines()))


def refused(evidence: Evidence) -> Evidence:
    return replace(evidence, right={"buy": frozenset({"401"})})


def saturated(evidence: Evidence) -> Evidence:
    return replace(evidence, measured=used(evidence.judged, cores=0.99))


def unmeasured(evidence: Evidence) -> Evidence:
    return replace(evidence, measured=None, unquiet="there is no reading after the load")


def hanging(evidence: Evidence) -> Evidence:
    return replace(evidence, stops=[Stop(instance, -9, 5.0, killed=True, planned="drain") for instance in INSTANCES])


F, U = Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "change, expected",
    [
        (late, {"load.valid": U, "latency.buy.p95": U, "errors.buy": U, "rate.buy": U, "ceilings.front": U}),
        (uncounted, {"reconcile.edges": F, "reconcile.logs": F}),
        (no_prometheus, {"reconcile.prometheus": U, "scrapes.continuous": U}),
        (
            unquiet,
            {f"reconcile.{name}": U for name in ("client", "edges", "logs", "prometheus")} | {"traces.complete": U},
        ),
        (bad_hook, {"invariants.hook": U}),
        (no_logs, {"reconcile.edges": U, "reconcile.logs": U, "logs.errors": U, "traces.complete": U}),
        (killed, {"restarts.unplanned": F}),
        (cut, {"traces.complete": F}),
        (refused, {"auth.planned": F}),
        (hanging, {"drain.clean": F}),
        (saturated, {"ceilings.front": F}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_flaw_turns_its_own_checks(change: Change, expected: dict[str, Verdict]) -> None:
    assert undecided(change(clean())) == expected


def test_ceilings_without_two_readings_are_open() -> None:
    assert undecided(unmeasured(clean()))["ceilings.front"] is U


def test_nothing_passes_without_evidence() -> None:
    empty = Evidence("front", {"buy": {"p95": 0.1}}, Validity(), Judged({}, range(45), 7), None, ())
    judgement = judge(replace(empty, invariants=HookAnswer(asked=True)))
    assert {found.verdict for found in judgement.findings} == {U}


UNASKED = ("reconcile.edges", "reconcile.logs", "logs.errors", "traces.complete", "scrapes.continuous")


def test_what_nobody_asked_for_is_listed_outside_the_verdict() -> None:
    unasked = replace(
        clean(), limits={}, asked=Asked(dict.fromkeys(UNASKED, "it has none")), invariants=HookAnswer(), stops=None
    )
    judgement = judge(unasked)
    named = " ".join(each.name for each in judgement.not_checked)
    assert judgement.verdict is Verdict.PASS
    for name in ("reconcile.edges", "logs.errors", "scrapes.continuous", "invariants", "latency", "traces", "drain"):
        assert name in named


def test_whole_traces_are_not_asked_for_where_no_step_names_a_service() -> None:
    judgement = judge(replace(clean(), expected={"buy": ()}))
    assert judgement.verdict is Verdict.PASS
    assert "traces.complete" in {each.name for each in judgement.not_checked}


UNTOLD: Dims = frozenset({"route", "status"})
ANYHOW = RequestKey(ANY, "/a", "200")


def bare(evidence: Evidence, front: Terms, back: Terms | None = None, absent: dict[str, str] | None = None) -> Evidence:
    """The same run of services that tell less."""
    return replace(evidence, asked=Asked(absent or {}, terms={"front": front, "back": back or Terms()}))


def test_a_counter_without_a_method_is_compared_by_the_rest() -> None:
    counts = {**clean().counts, "front": ServiceCounts(Counter({ANYHOW: COUNT}), clean().counts["front"].attempts)}
    assert undecided(bare(replace(clean(), counts=counts), Terms(requests=UNTOLD))) == {}


def test_a_request_that_such_a_counter_lost_is_lost_all_the_same() -> None:
    counts = {**clean().counts, "front": ServiceCounts(Counter({ANYHOW: COUNT - 1}), clean().counts["front"].attempts)}
    found = undecided(bare(replace(clean(), counts=counts), Terms(requests=UNTOLD)))
    assert found == {"reconcile.client": F, "reconcile.logs": F}


def test_an_entry_that_counts_nothing_is_compared_by_its_lines() -> None:
    counts = {**clean().counts, "front": ServiceCounts(attempts=clean().counts["front"].attempts)}
    evidence = bare(replace(clean(), counts=counts), Terms(requests=None))
    assert undecided(evidence) == {}
    (found,) = (found for found in judge(evidence).findings if found.name == "reconcile.client")
    assert found.reason.startswith("by the log lines of front")


def test_a_line_that_such_an_entry_lost_is_a_lost_request() -> None:
    evidence = clean()
    assert evidence.logs
    fewer = replace(evidence.logs.services["front"], requests=Counter({OK: COUNT - 1}))
    logs = replace(evidence.logs, services={**evidence.logs.services, "front": fewer})
    counts = {**evidence.counts, "front": ServiceCounts(attempts=evidence.counts["front"].attempts)}
    found = undecided(bare(replace(evidence, counts=counts, logs=logs), Terms(requests=None)))
    assert found == {"reconcile.client": F}


def test_requests_of_the_load_for_ignored_routes_are_not_compared() -> None:
    own = Terms(ignored=frozenset({"/up"}))
    rows = [*clean().rows, ClientRow("t", "s", RequestKey("GET", "/up", "200"), "ok", "buy")]
    assert undecided(bare(replace(clean(), rows=rows), own)) == {}


def test_services_without_trace_ids_are_expected_in_no_trace() -> None:
    evidence = clean()
    assert evidence.logs
    front_only = TraceLines({row.trace: frozenset({"front"}) for row in evidence.chosen.sampled})
    evidence = replace(evidence, logs=replace(evidence.logs, traces=front_only))
    assert undecided(evidence) == {"traces.complete": F}
    assert undecided(bare(evidence, Terms(), Terms(traced=False))) == {}


def test_what_is_absent_is_named_once_per_reason_and_not_made() -> None:
    absent = {"reconcile.logs": "no log", "logs.errors": "no log", "reconcile.edges": "no calls"}
    asked = Asked(absent, (("traces.complete of back", "no trace ids"),))
    judgement = judge(replace(clean(), asked=asked))
    assert {found.name for found in judgement.findings}.isdisjoint(absent)
    named = {each.name: each.reason for each in judgement.not_checked}
    assert named["reconcile.logs, logs.errors"] == "no log"
    assert named["traces.complete of back"] == "no trace ids"


def test_processes_that_tell_no_start_are_known_by_the_watch() -> None:
    silent = replace(clean(), starts_before={}, starts_after={}, asked=Asked(starting=frozenset()))
    assert undecided(silent) == {}
    assert undecided(replace(silent, exits=["back-1 (pid 7) ended by itself"])) == {"restarts.unplanned": F}


def test_processes_that_nobody_watches_must_tell() -> None:
    silent = replace(clean(), starts_before={}, starts_after={}, asked=Asked(starting=frozenset()), watched=False)
    assert undecided(silent) == {"restarts.unplanned": U}


def test_a_fleet_that_is_not_ours_to_stop_says_so() -> None:
    named = {each.name: each.reason for each in judge(replace(clean(), stops=None, undrained="theirs")).not_checked}
    assert named["drain.clean"] == "theirs"


CHANGES: list[Change] = [lambda evidence: evidence, late, uncounted, no_prometheus, unquiet, bad_hook, no_logs, hanging]


@pytest.mark.parametrize("change", [*CHANGES, piped])
def test_every_document_keeps_to_the_schema(change: Change) -> None:
    made = document(change(clean()))
    jsonschema.validate(made, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    json.dumps(made, allow_nan=False)


def test_a_document_of_nothing_keeps_to_the_schema() -> None:
    made = document(Evidence("front", {"buy": {"p95": 0.1}}, Validity(), Judged({}, range(45), 7), None, ()))
    jsonschema.validate(made, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    assert (made["verdict"], made["load"]["valid"], made["reconciliation"]["gateway"]) == ("INCONCLUSIVE", False, None)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def test_the_document_counts_the_same_requests_everywhere() -> None:
    reconciliation = document(clean())["reconciliation"]
    assert {reconciliation[name] for name in ("sent", "gateway", "prometheus", "logs")} == {COUNT}


def test_a_percentile_without_enough_samples_is_null() -> None:
    latency = document(clean())["latency_seconds"]
    assert latency["p99"] is not None
    assert latency["p999"] is None


def test_a_figure_without_a_limit_is_stated_in_words() -> None:
    made = document(clean())
    assert "drain.clean" in {check["name"] for check in wording.stated(made)}
    assert "drain.clean" not in {check["name"] for check in wording.measured(made)}


def test_junit_has_a_case_per_check() -> None:
    made = document(uncounted(late(clean())))
    suite = ET.fromstring(junit_xml(made))  # noqa: S314 - our own text
    cases = suite.findall("testcase")
    assert len(cases) == len(made["checks"]) + len(made["not_checked"]) == int(suite.get("tests", 0))
    assert {case.get("name") for case in cases if case.find("failure") is not None} == {
        "reconcile.edges",
        "reconcile.logs",
    }
    assert {case.get("name") for case in cases if case.find("error") is not None} >= {"load.valid", "errors.buy"}
    assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped", 0)) == 5


def test_junit_survives_what_a_log_line_may_hold() -> None:
    made = document(clean())
    made["checks"][0] |= {"verdict": "FAIL", "reason": "\x00 <b> & \ud800"}
    ET.fromstring(junit_xml(made))  # noqa: S314 - our own text


def test_the_summary_shows_first_what_failed() -> None:
    text = summary_markdown(document(uncounted(clean())))
    head, _, folded = text.partition("<details>")
    assert text.splitlines()[0].endswith("FAIL: 2 of 18 checks failed: reconcile.edges, reconcile.logs")
    assert "`reconcile.edges`" in head
    assert "latency.buy.p95" not in head
    assert "latency.buy.p95" in folded


def test_the_summary_keeps_its_tables_whole() -> None:
    made = document(uncounted(clean()))
    made["checks"][0] |= {"verdict": "FAIL", "reason": "a | b\n<script>@team"}
    assert "a \\| b &lt;script>&#64;team" in summary_markdown(made)


# Alerts


def judged_alerts(fired: Fired, **changes: Any) -> tuple[Verdict | None, str]:
    judgement = judge(replace(clean(), fired=fired, **changes))
    found = [each for each in judgement.findings if each.name == "alerts.silent"]
    told = [each.reason for each in judgement.not_checked if each.name == "alerts.silent"]
    return (found[0].verdict, found[0].reason) if found else (None, told[0])


def test_an_alert_that_fires_in_a_run_that_nothing_was_done_to_fails_it() -> None:
    assert judged_alerts(Fired(["Slow (web)"], 26)) == (Verdict.FAIL, "Slow (web) fired")
    assert judged_alerts(Fired((), 26)) == (Verdict.PASS, "none of 26 alerts fired")


def test_what_was_done_to_the_fleet_excuses_alerts_and_they_are_named() -> None:
    excuse = "a fault was asked for"
    assert judged_alerts(Fired(["Slow (web)"], 26, excuse)) == (None, "a fault was asked for; fired: Slow (web)")
    assert judged_alerts(Fired((), 26, excuse)) == (None, "a fault was asked for; fired: none")


def test_alerts_that_nobody_can_be_asked_about_are_inconclusive() -> None:
    assert judged_alerts(Fired(rules=26, obstacle="gone")) == (Verdict.INCONCLUSIVE, "gone")


def test_a_load_that_is_no_basis_makes_no_alert_a_failure() -> None:
    verdict, reason = judged_alerts(Fired(["Slow (web)"], 26), generator=None)
    assert verdict is Verdict.INCONCLUSIVE
    assert "Slow (web) fired, but the load is not valid" in reason


# Panels


def judged_panels(panels: Panels, evidence: Evidence) -> tuple[Verdict, str]:
    judgement = judge(replace(evidence, panels=panels))
    return next((each.verdict, each.reason) for each in judgement.findings if each.name == "panels.answered")


def test_panels_that_show_something_pass() -> None:
    panels = Panels(asked=4, answered=3, quiet={"fleet / errors": "Fails"})
    assert judged_panels(panels, clean()) == (
        Verdict.PASS,
        "3 of 4 queries gave data; 1 panels are empty, as they should be",
    )


@pytest.mark.parametrize(
    "panels, verdict, reason",
    [
        (
            Panels(4, 3, refused={"fleet / now": "parse error"}),
            Verdict.FAIL,
            "fleet / now asks what cannot be answered: parse error",
        ),
        (Panels(4, 3, empty=["fleet / now"]), Verdict.INCONCLUSIVE, "nothing to show in fleet / now"),
        (Panels(), Verdict.INCONCLUSIVE, "the dashboards ask nothing that could be sent"),
        (Panels(obstacle="there is no Prometheus"), Verdict.INCONCLUSIVE, "there is no Prometheus"),
    ],
)
def test_panels_that_do_not(panels: Panels, verdict: Verdict, reason: str) -> None:
    assert judged_panels(panels, clean()) == (verdict, reason)


def test_of_a_load_that_is_not_valid_an_empty_panel_says_so() -> None:
    _, reason = judged_panels(Panels(4, 3, empty=["fleet / now"]), late(clean()))
    assert reason.startswith("nothing to show in fleet / now, and the load is not valid")


def test_what_panels_were_not_asked_is_told_with_its_reason() -> None:
    panels = Panels(4, 4, unasked={"logs are not shipped here": 3})
    told = {each.name: each.reason for each in judge(replace(clean(), panels=panels)).not_checked}
    assert told["panels.answered"] == "3 queries: logs are not shipped here"
    assert document(replace(clean(), panels=panels))["panels"]["not_asked"] == {"logs are not shipped here": 3}

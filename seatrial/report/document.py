"""verdict.json: the judgement as a document. Its fields and their meaning: docs/verdict.md and verdict.schema.json.

Owns the shape; leaves writing it to who runs. Unknown numbers are null, never 0 and never NaN.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seatrial.checks.alerts import Fired
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.invariants import PREFIX
from seatrial.checks.load import VALID
from seatrial.checks.panels import panels_document
from seatrial.checks.pipeline import Shipped, lag_samples
from seatrial.checks.quantities import share_of
from seatrial.checks.saturation import Nearest
from seatrial.evidence import Evidence
from seatrial.judge import Judgement
from seatrial.load.profile import ALL
from seatrial.objectives.outcome import Outcome
from seatrial.statistics.percentiles import percentile, samples_needed

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("verdict.schema.json")
PERCENTILES = ("p50", "p95", "p99", "p999")
USAGE = ("busy", "cpu", "rss_bytes", "descriptors", "store_wait")
TIMINGS = ("up_seconds", "load_seconds", "judge_seconds", "total_seconds")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Which run this was; times in epoch seconds, `populated` in the populate hook's own words."""

    run: str
    profile: str
    seed: int
    started: float
    finished: float
    populated: Mapping[str, int | str] = field(default_factory=dict)


def verdict_document(
    facts: RunFacts, evidence: Evidence, judgement: Judgement, timings: Mapping[str, float]
) -> dict[str, Any]:
    """The document. `timings` has the seconds of TIMINGS as far as they are known."""
    return {
        "schema": SCHEMA,
        "run": facts.run,
        "verdict": judgement.verdict.value,
        "profile": facts.profile,
        "seed": facts.seed,
        "started": facts.started,
        "finished": facts.finished,
        "populated": dict(facts.populated),
        "offered": {"journeys": evidence.generator.planned if evidence.generator else 0, "rate": evidence.offered_rate},
        "load": _load(evidence, judgement),
        "latency_seconds": _latency(evidence),
        "requests": evidence.requests,
        "failures": evidence.failures,
        "checks": [_check(finding) for finding in judgement.findings],
        "not_checked": [{"name": each.name, "reason": each.reason} for each in judgement.not_checked],
        "reconciliation": _reconciliation(evidence, judgement),
        "invariants": [_invariant(found) for found in judgement.findings if found.name.startswith(PREFIX)],
        "services": [
            {"name": each.service, **{name: _number(getattr(each, name)) for name in USAGE}} for each in evidence.usage
        ],
        "nearest": _nearest(evidence.nearest),
        "telemetry": _telemetry(evidence.shipped, evidence.began),
        "alerts": _alerts(evidence.fired),
        "panels": evidence.panels and panels_document(evidence.panels),
        "slo": [_slo(outcome) for outcome in evidence.objectives],
        "measuring": [
            {"name": each.name, "cpu": _number(each.cpu), "rss_bytes": _number(each.rss_bytes)}
            for each in evidence.measuring
        ],
        "timings": {name: _number(timings.get(name)) for name in TIMINGS},
    }


def _load(evidence: Evidence, judgement: Judgement) -> dict[str, Any]:
    generator = evidence.generator
    valid = any(found.name == VALID and found.verdict is Verdict.PASS for found in judgement.findings)
    if generator is None:
        return {"valid": valid, "lag_p50_seconds": None, "lag_p99_seconds": None, "shed": 0, "cpu": None}
    lags = {
        f"lag_{name}_seconds": _number(percentile(generator.lag_seconds, share_of(name))) for name in ("p50", "p99")
    }
    cpu = generator.cpu_seconds / generator.wall_seconds if generator.wall_seconds else None
    return {"valid": valid, **lags, "shed": generator.shed, "cpu": _number(cpu)}


def _latency(evidence: Evidence) -> dict[str, float | None]:
    """Of all judged requests; null where there are too few for the percentile."""
    samples = evidence.judged.steps.get(ALL)
    if samples is None:
        return dict.fromkeys(PERCENTILES)
    latency = samples.latency_seconds
    return {
        name: percentile(latency, share_of(name)) if latency.size >= samples_needed(share_of(name)) else None
        for name in PERCENTILES
    }


def _alerts(fired: Fired | None) -> dict[str, list[str]] | None:
    if fired is None or fired.obstacle:
        return None
    found = list(fired.alerts)
    return {"fired": found, "expected": found if fired.excuse else [], "unexpected": [] if fired.excuse else found}


def _slo(outcome: Outcome) -> dict[str, Any]:
    objective = outcome.objective
    return {
        "service": objective.service,
        "name": objective.name,
        "objective": objective.target,
        "threshold_seconds": objective.threshold,
        "measured": _number(outcome.measured),
        "source": outcome.source or None,
        "budget_used": _number(outcome.budget_used),
        "burn_rate": _number(outcome.burn_rate),
    }


def _check(found: Finding) -> dict[str, Any]:
    numbers = {name: _number(getattr(found, name)) for name in ("value", "low", "high", "limit")}
    return {
        "name": found.name,
        "verdict": found.verdict.value,
        **numbers,
        "unit": found.unit,
        "samples": None if found.samples is None else int(found.samples),
        "reason": found.reason,
    }


def _reconciliation(evidence: Evidence, judgement: Judgement) -> dict[str, Any]:
    entry = evidence.counts.get(evidence.entry)
    log = evidence.logs.services.get(evidence.entry) if evidence.logs else None
    return {
        "sent": len(evidence.rows),
        "gateway": None if entry is None or entry.unreadable else entry.requests.total(),
        "prometheus": evidence.stored_requests,
        "logs": log.requests.total() if log else None,
        "elasticsearch": _documents(evidence),
        "differences": [
            {"class": each.cause.value, "count": each.count, "examples": list(each.examples)}
            for each in judgement.differences
        ],
    }


def _documents(evidence: Evidence) -> int | None:
    """Documents of the entry's requests between the readings."""
    shipped = evidence.shipped
    if shipped is None or shipped.obstacle:
        return None
    return shipped.requests.get(evidence.entry, Counter()).total()


def _telemetry(shipped: Shipped | None, began: float) -> dict[str, Any] | None:
    """What became of all log lines of the run; None when no pipeline was asked for or could be asked."""
    if shipped is None or shipped.obstacle:
        return None
    lag = lag_samples(shipped.probes, began).latency_seconds
    figures = {f"lag_{name}_seconds": _number(percentile(lag, share_of(name))) for name in ("p50", "p99")}
    return {
        **figures,
        "lag_max_seconds": _number(lag.max() if lag.size else None),
        "probes": len(shipped.probes),
        "lines": sum(shipped.lines.values()),
        "acknowledged": sum(shipped.acknowledged.values()),
        "documents": shipped.documents,
        "lost": len(shipped.lost),
        "unshipped": len(shipped.unshipped),
        "duplicated": len(shipped.doubled),
        "dead_lettered": len(shipped.letters),
        "unknown": len(shipped.unknown),
        "lacks": list(shipped.lacks),
    }


def _nearest(nearest: Nearest | None) -> dict[str, Any] | None:
    return None if nearest is None else {**asdict(nearest), "resource": nearest.resource.value}


def _invariant(found: Finding) -> dict[str, str]:
    return {"name": found.name.removeprefix(PREFIX), "verdict": found.verdict.value, "reason": found.reason}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)

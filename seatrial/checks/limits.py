"""latency.<step>.<percentile>, errors.<step>, rate.<step>: the profile's limits, judged by the decision rule.

Owns which limit may be judged on which data. Latency is from the intended start, over stages marked `judge`. Too few
samples or too short a run never PASS: the limit was asked for, and cannot be shown to hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import StepSamples
from seatrial.checks.quantities import ERRORS, RATE, share_of
from seatrial.statistics.bootstrap import (
    FEWEST_BLOCKS,
    Interval,
    Ints,
    Random,
    block_seconds,
    mean_interval,
    percentile_interval,
    ratio_interval,
)
from seatrial.statistics.decision import at_least, at_most
from seatrial.statistics.percentiles import SAMPLES_ABOVE, samples_needed

# With fewer than 40 requests not even their median is shown.
LOWEST_SHARE = 0.5
UNITS = {ERRORS: "ratio", RATE: "1/s"}


@dataclass(frozen=True, slots=True)
class Judged:
    """The judged part of a run: samples by step and for `all`, and the seed of the bootstrap.

    `seconds` are the whole seconds since judged load began that belong to judged stages, rising.
    """

    steps: Mapping[str, StepSamples]
    seconds: Sequence[int]
    seed: int

    @property
    def width(self) -> int:
        """Seconds of one block."""
        return block_seconds(len(self.seconds))

    @property
    def blocks(self) -> int:
        """Whole blocks in the judged load."""
        return len(self.seconds) // self.width

    def block_of(self, window: Ints) -> Ints:
        """The block of each window; stages that are not judged in between make no block longer."""
        found: Ints = np.searchsorted(np.asarray(self.seconds), window) // self.width
        return found


def judge_limits(limits: Mapping[str, Mapping[str, float]], judged: Judged, *, obstacle: str) -> list[Finding]:
    """A finding per limit; `obstacle` says why the load is no basis, or is empty."""
    return [
        _judge(step, kind, limit, judged, obstacle)
        for step, by_kind in limits.items()
        for kind, limit in by_kind.items()
    ]


def check_name(step: str, kind: str) -> str:
    """The stable name of the check of one limit."""
    return {ERRORS: f"errors.{step}", RATE: f"rate.{step}"}.get(kind, f"latency.{step}.{kind}")


def _judge(step: str, kind: str, limit: float, judged: Judged, obstacle: str) -> Finding:
    name = check_name(step, kind)
    samples = judged.steps.get(step)
    count = samples.latency_seconds.size if samples else 0
    unit = UNITS.get(kind, "s")
    reason = obstacle or _shortage(count, judged)
    if reason or samples is None:
        return Finding(name, Verdict.INCONCLUSIVE, reason, limit=limit, unit=unit, samples=count)
    # A generator per check: adding a check must not move the others' intervals.
    random = np.random.default_rng([judged.seed, zlib.crc32(name.encode())])
    share = _judgeable_share(kind, count)
    interval = _interval(kind, samples, judged, random, share)
    if interval.blocks < FEWEST_BLOCKS:
        reason = f"requests in {interval.blocks} windows only: an interval needs {FEWEST_BLOCKS}"
        return Finding(name, Verdict.INCONCLUSIVE, reason, interval.value, limit=limit, unit=unit, samples=count)
    verdict = (at_least if kind == RATE else at_most)(interval, limit)
    if kind not in UNITS and share < share_of(kind):
        return _too_few(name, kind, interval, limit, count, share)
    reason = _reason(verdict, interval, limit, unit)
    return Finding(name, verdict, reason, interval.value, interval.low, interval.high, limit, unit, count)


def _shortage(count: int, judged: Judged) -> str:
    if not count:
        return "no request of this step was judged"
    if judged.blocks < FEWEST_BLOCKS:
        return f"{len(judged.seconds)} s of judged load are too short: an interval needs {FEWEST_BLOCKS} windows of 1 s"
    return ""


def _judgeable_share(kind: str, count: int) -> float:
    """The percentile that was asked for, or the highest below it that so many requests can show."""
    return 0.0 if kind in UNITS else min(share_of(kind), max(0.0, 1 - SAMPLES_ABOVE / count))


def _too_few(name: str, kind: str, interval: Interval, limit: float, count: int, share: float) -> Finding:
    """Never PASS. FAIL when a lower percentile, which is judgeable, is beyond already: the one asked for is no lower."""
    reason = f"not judged alone: {count} requests, {kind} needs {samples_needed(share_of(kind))}"
    if share >= LOWEST_SHARE and at_most(interval, limit) is Verdict.FAIL:
        reason += f"; but p{share * 100:.3g} is beyond already, at {figure(interval.low, 's')} or more"
        return Finding(name, Verdict.FAIL, reason, interval.value, interval.low, interval.high, limit, "s", count)
    return Finding(name, Verdict.INCONCLUSIVE, reason, limit=limit, unit="s", samples=count)


def _interval(kind: str, samples: StepSamples, judged: Judged, random: Random, share: float) -> Interval:
    block = judged.block_of(samples.window)
    if kind == RATE:
        served = np.bincount(block[samples.ok], minlength=judged.blocks)[: judged.blocks]
        return mean_interval(served / judged.width, random)
    if kind == ERRORS:
        return ratio_interval(~samples.ok, block, random)
    return percentile_interval(samples.latency_seconds, block, max(share, LOWEST_SHARE), random)


def _reason(verdict: Verdict, interval: Interval, limit: float, unit: str) -> str:
    sign = "at least" if unit == UNITS[RATE] else "at most"
    said = {
        Verdict.PASS: "all of it within",
        Verdict.FAIL: "all of it beyond",
        Verdict.INCONCLUSIVE: "the limit lies inside; a longer run would decide",
    }[verdict]
    bounds = f"{figure(interval.low, unit)} to {figure(interval.high, unit)}"
    return f"95 % interval {bounds}, wanted {sign} {figure(limit, unit)}: {said}"

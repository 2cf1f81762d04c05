"""What the page shows: gathered from the run's events, one document for whoever asks.

A renderer of the one vocabulary that draws nothing. Serves figures, names and sentences; never what a hook or a process
printed, since that may hold anything. Leaves HTTP to server.py and drawing to the page.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self

from seatrial.checks.finding import Finding, overall
from seatrial.load.profile import ALL, Profile
from seatrial.report import wording
from seatrial.report.events import (
    Event,
    FindingReached,
    FleetSeen,
    LoadProgress,
    Note,
    ProcessLost,
    ReplicaReady,
    ReplicaRestarted,
    RunStarted,
    ServiceSeen,
    StackReady,
    StepFinished,
    StepStarted,
    VerdictReached,
)

SCHEMA = 1
# A quarter of an hour of seconds: what a chart can show, and what a page that is opened late still gets.
POINTS = 900
HAPPENED = 60
STEPS = 40
MICROSECOND_DIGITS = 6


@dataclass(frozen=True, slots=True)
class About:
    """What does not change while it runs: the run's id and kind, the fleet's name, its entry, and the profile if any."""

    run: str
    kind: str
    fleet: str
    entry: str
    profile: Profile | None = None


class Board:
    """Told by one thread, asked by others. `clock` is epoch seconds."""

    watches = False

    def __init__(self, about: About, clock: Callable[[], float] = time.time) -> None:
        self._about, self._clock = about, clock
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._began = clock()
        self._phase = "starting"
        self._step: dict[str, Any] | None = None
        self._steps: deque[dict[str, Any]] = deque(maxlen=STEPS)
        self._happened: deque[dict[str, Any]] = deque(maxlen=HAPPENED)
        self._load: dict[str, Any] | None = None
        self._load_began: float | None = None
        self._fleet: dict[str, Any] | None = None
        self._course: deque[dict[str, Any]] = deque(maxlen=POINTS)
        self._entry: deque[dict[str, Any]] = deque(maxlen=POINTS)
        self._findings: list[Finding] = []
        self._headline = self._report = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is held."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._phase == "ended"

    def show(self, event: Event) -> None:
        """Take the event in."""
        with self._lock:
            self._take(event)

    def end(self, *, going_down: bool = False) -> None:
        """The run ends, or has ended: a page that loses contact then knows why."""
        with self._lock:
            self._phase = "ending" if going_down else "ended"

    def document(self, after: int = 0) -> dict[str, Any]:
        """Everything, but of the charts only the points numbered above `after`."""
        with self._lock:
            last = max((points[-1]["n"] for points in (self._course, self._entry) if points), default=0)
            return {
                "schema": SCHEMA,
                "run": self._about.run,
                "kind": self._about.kind,
                "now": self._clock(),
                "began": self._began,
                "phase": self._phase,
                "step": self._step,
                "steps": list(self._steps),
                "happened": list(self._happened),
                "load": self._load,
                "load_began": self._load_began,
                "fleet": self._fleet,
                "course": [point for point in self._course if point["n"] > after],
                "entry": [point for point in self._entry if point["n"] > after],
                "last": last,
                "limits": self._limits(),
                "verdict": self._verdict(),
                "report": self._report,
            }

    def _take(self, event: Event) -> None:
        match event:
            case LoadProgress():
                self._take_load(event)
            case FleetSeen():
                self._take_fleet(event)
            case StepStarted():
                self._step = {"title": event.title, "at": self._clock()}
            case StepFinished():
                self._step = None
                result = event.result if event.ok else "not done, or not well; the terminal says why"
                self._steps.append({"title": event.title, "seconds": event.seconds, "ok": event.ok, "result": result})
            case FindingReached():
                self._findings.append(event.finding)
            case VerdictReached():
                self._headline, self._report = wording.headline(event.document), event.files.get("report.html", "")
                self._phase = "ended"
            case RunStarted() | StackReady():
                self._phase = "standing" if isinstance(event, StackReady) else "running"
            case ReplicaReady() | ReplicaRestarted() | ProcessLost() | Note():
                self._take_happened(event)

    def _take_happened(self, event: ReplicaReady | ReplicaRestarted | ProcessLost | Note) -> None:
        text = event.text if isinstance(event, Note) else wording.happened(event)
        bad = isinstance(event, ProcessLost) or (isinstance(event, Note) and event.warning)
        self._happened.append({"at": self._clock(), "kind": type(event).__name__, "text": text, "bad": bad})

    def _take_load(self, event: LoadProgress) -> None:
        began = self._clock() - event.elapsed
        self._load_began = began if self._load_began is None else min(began, self._load_began)
        told = asdict(event)
        for second in told.pop("course"):
            self._course.append({"n": next(self._numbers), **_rounded(second)})
        self._load = {**_rounded(told), "remaining": wording.remaining(event)}

    def _take_fleet(self, event: FleetSeen) -> None:
        told = asdict(event)
        for kind in ("services", "calls"):
            told[kind] = [_rounded(each) for each in told[kind]]
        self._fleet = told
        entry = next((each for each in event.services if each.service == self._about.entry), None)
        if entry is not None and entry.rate is not None:
            self._entry.append({"n": next(self._numbers), "at": event.at, **_point(entry)})

    def _limits(self) -> list[dict[str, Any]]:
        """The limits on all requests beside what is known of them so far, which includes stages that are not judged."""
        profile, load = self._about.profile, self._load
        limits = profile.limits.get(ALL) if profile else None
        if limits is None:
            return []
        seen = dict(load or {})
        seen["error_ratio"] = seen["failures"] / seen["requests"] if seen.get("requests") else None
        found = []
        for name, limit in limits.model_dump(exclude_none=True).items():
            if name in {"p50", "p95", "p99", "error_ratio"}:
                value, unit = seen.get(name), "ratio" if name == "error_ratio" else "s"
                within = None if value is None else value <= limit
                found.append({"name": name, "unit": unit, "limit": limit, "value": value, "within": within})
        return found

    def _verdict(self) -> dict[str, Any] | None:
        """None before the judge has spoken."""
        if not self._findings:
            return None
        verdict = overall(self._findings).value
        checks = [{"name": each.name, "verdict": each.verdict.value, "reason": each.reason} for each in self._findings]
        headline = self._headline or wording.headline({"verdict": verdict, "checks": checks})
        return {"verdict": verdict, "headline": headline, "checks": checks}


def _point(entry: ServiceSeen) -> dict[str, Any]:
    return _rounded({name: getattr(entry, name) for name in ("rate", "errors", "p50", "p95", "p99")})


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """To the microsecond, and to as many digits of anything else: more would only be longer."""
    return {
        name: round(value, MICROSECOND_DIGITS) if isinstance(value, float) else value for name, value in figures.items()
    }

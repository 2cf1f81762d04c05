"""What a report is made of: the documents that a run left. Needs neither the project nor anything that runs.

Owns which files there are and what becomes of those that are not: a report of an interrupted run is still a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.checks.pipeline import Probe
from seatrial.errors import UsageError
from seatrial.lagging import load_probes
from seatrial.load.profile import Profile
from seatrial.panels.run import load_panels
from seatrial.run_folder import read_json
from seatrial.timeline import Timeline, load_timeline


@dataclass(frozen=True, slots=True)
class Source:
    """A run as it was left. `began` is when arrivals began, in epoch seconds; 0 when no load was driven."""

    folder: Path
    verdict: Mapping[str, Any]
    run: Mapping[str, Any]
    profile: Profile | None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    stories: Sequence[Mapping[str, Any]] = ()
    timeline: Timeline = field(default_factory=Timeline)
    began: float = 0.0
    probes: Sequence[Probe] = ()
    panels: Sequence[Mapping[str, Any]] = ()

    @property
    def requests(self) -> Path | None:
        """The samples, a row per request; None when there are none."""
        return self._samples("requests")

    @property
    def journeys(self) -> Path | None:
        """The samples, a row per arrival; None when there are none."""
        return self._samples("journeys")

    def _samples(self, kind: str) -> Path | None:
        file = self.folder / "samples" / f"{kind}.parquet"
        return file if file.is_file() else None


def read_source(folder: Path) -> Source:
    """Read a run's folder. Raises UsageError when it holds no verdict."""
    verdict = read_json(folder / "verdict.json")
    if verdict is None:
        reason = "it was interrupted, or is no trial" if (folder / "run.json").is_file() else "it is no run's folder"
        raise UsageError(f"{folder} holds no verdict.json: {reason}. Name a finished trial.")
    profile = read_json(folder / "profile.json")
    accounts = [read_json(path) for path in sorted((folder / "samples").glob("generator-*.json"))]
    return Source(
        folder,
        verdict,
        read_json(folder / "run.json") or {},
        Profile.model_validate(profile) if profile else None,
        read_json(folder / "evidence.json") or {},
        (read_json(folder / "traces.json") or {}).get("requests", ()),
        load_timeline(folder / "metrics" / "timeline.json"),
        min((float(account["started_at"]) for account in accounts), default=0.0),
        load_probes(folder / "ship" / "lag.json"),
        load_panels(folder),
    )

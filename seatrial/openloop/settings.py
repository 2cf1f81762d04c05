"""What the environment tells a Locust process; read once, when Locust has parsed its own options."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.openloop.errors import SettingsError
from seatrial.openloop.profile import Profile, read_profile
from seatrial.openloop.targets import Discovered, Targets


@dataclass(frozen=True, slots=True)
class Settings:
    """`samples` is None when rows are not kept, as when a person tries a locustfile by hand.

    `identities` is the whole document of the identities file; None when there is no file. An identity that says
    when it `expires` (epoch seconds) must outlive the run: afterwards every refused token would look like a failure.
    `targets` is None when all requests go to Locust's host.
    """

    profile: Profile = field(default_factory=Profile)
    shaped: bool = False
    samples: Path | None = None
    identities: Mapping[str, Any] | None = None
    targets: Targets | None = None

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, now: Callable[[], float] = time.time
    ) -> Settings:
        """Read SEATRIAL_PROFILE, _SAMPLES_DIR, _IDENTITIES, _DISCOVERY_FILE and _ENTRY; all may be absent."""
        profile, samples = environ.get("SEATRIAL_PROFILE"), environ.get("SEATRIAL_SAMPLES_DIR")
        shape = read_profile(Path(profile)) if profile else Profile()
        identities = _identities(environ.get("SEATRIAL_IDENTITIES"))
        _outlive(identities or {}, shape, now())
        return cls(
            profile=shape,
            shaped=bool(profile),
            samples=_folder(Path(samples)) if samples else None,
            identities=identities,
            targets=_targets(environ.get("SEATRIAL_DISCOVERY_FILE"), environ.get("SEATRIAL_ENTRY")),
        )


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"SEATRIAL_SAMPLES_DIR={path} cannot be a folder ({error.strerror}); name another"
        ) from error
    return path


def _targets(named: str | None, entry: str | None) -> Targets | None:
    """Both or none: a file alone names the whole fleet, of which clients may ask the entry only."""
    if not named and not entry:
        return None
    if not named or not entry:
        raise SettingsError("SEATRIAL_DISCOVERY_FILE and SEATRIAL_ENTRY go together: give both or none")
    return Discovered(Path(named), entry)


def _identities(named: str | None) -> Mapping[str, Any] | None:
    if not named:
        return None
    try:
        document = json.loads(Path(named).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"SEATRIAL_IDENTITIES={named} cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise SettingsError(f"SEATRIAL_IDENTITIES={named} holds no JSON object; the populate hook writes it")
    return document


def _outlive(identities: Mapping[str, Any], profile: Profile, now: float) -> None:
    """Refuse identities of which one ends before the profile does; without stages, of which one has ended."""
    ends = min(_ends(identities), default=math.inf)
    needed = profile.seconds + profile.drain_seconds if profile.stages else 0.0
    if ends - now < needed:
        raise SettingsError(
            f"a token in SEATRIAL_IDENTITIES lives for {ends - now:.0f} s more, and the run takes {needed:.0f} s; "
            "populate again, with tokens that live longer"
        )


def _ends(identities: Mapping[str, Any]) -> list[float]:
    try:
        return [float(each["expires"]) for each in identities.get("identities", ()) if each.get("expires") is not None]
    except (AttributeError, TypeError, ValueError) as error:
        raise SettingsError(
            f"SEATRIAL_IDENTITIES: `identities` is a list of objects, `expires` in each a number ({error})"
        ) from error

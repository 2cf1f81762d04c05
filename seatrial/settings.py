"""Settings of the harness itself, read once from the environment. Nothing else in seatrial reads it.

Owns the folders that outlive a run and the environment that children inherit. Leaves what a fleet is given to
fleet.yml.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seatrial.backends.access import NOBODY, Access
from seatrial.errors import UsageError

RUN_ID_VARIABLE = "SEATRIAL_RUN_ID"


@dataclass(frozen=True, slots=True)
class Settings:
    """`runs_dir` is None for `runs` beside seatrial.yml. `color` is None to decide by the terminal.

    `es_home` and `java_home` are None to look for them; `elasticsearch` lets into a server that is not this run's own.
    """

    cache_dir: Path
    runtime_dir: Path
    runs_dir: Path | None = None
    color: bool | None = None
    es_home: Path | None = None
    java_home: Path | None = None
    elasticsearch: Access = NOBODY


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises UsageError naming the variable that is wrong."""
    environ = os.environ if environ is None else environ
    return Settings(
        cache_dir=_folder(environ, "SEATRIAL_CACHE_DIR") or _default_cache(environ),
        runtime_dir=_folder(environ, "SEATRIAL_RUNTIME_DIR") or Path(tempfile.gettempdir(), f"seatrial-{os.getuid()}"),
        runs_dir=_folder(environ, "SEATRIAL_RUNS_DIR"),
        color=_color(environ),
        es_home=_folder(environ, "ES_HOME"),
        java_home=_folder(environ, "ES_JAVA_HOME") or _folder(environ, "JAVA_HOME"),
        elasticsearch=_access(environ),
    )


def child_environment(run_id: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child of the run inherits; by the run's id the guardian knows it as one of ours."""
    return {**os.environ, **(extra or {}), RUN_ID_VARIABLE: run_id}


def _folder(environ: Mapping[str, str], variable: str) -> Path | None:
    value = environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise UsageError(f"{variable} is {value!r}: write an absolute path.")
    return path


def _access(environ: Mapping[str, str]) -> Access:
    names = ("USER", "PASSWORD", "API_KEY")
    user, password, api_key = (environ.get(f"SEATRIAL_ELASTICSEARCH_{name}", "") for name in names)
    if bool(user) != bool(password):
        raise UsageError("SEATRIAL_ELASTICSEARCH_USER and _PASSWORD go together. Set both, or _API_KEY.")
    return Access(user, password, api_key)


def _default_cache(environ: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "seatrial"
    # The XDG rules say to ignore a relative path.
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "seatrial"


def _color(environ: Mapping[str, str]) -> bool | None:
    """NO_COLOR and FORCE_COLOR as https://no-color.org and https://force-color.org say: any text counts."""
    if environ.get("NO_COLOR"):
        return False
    return True if environ.get("FORCE_COLOR") else None

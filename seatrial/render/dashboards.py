"""Grafana's dashboards, as the project's hook tells them: seatrial knows no builder of them, and reads what it is told."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from seatrial.errors import HookError
from seatrial.hooks import run_hook
from seatrial.project.project import Project
from seatrial.settings import child_environment

HOOK = "dashboards"
NAME = re.compile(r"^[a-z0-9][a-z0-9-]*$")
SECONDS = 60.0


def dashboards(project: Project) -> dict[str, dict[str, Any]]:
    """Each by the name of its file, without ending; none without a hook. Raises HookError."""
    command = project.hooks.dashboards
    if command is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="seatrial-") as folder:
        log = Path(folder) / f"hook-{HOOK}.out"
        asked = {"project": str(project.file)}
        answer = run_hook(
            HOOK, command, asked, cwd=project.root, environment=child_environment("render"), log=log, timeout=SECONDS
        )
    found = answer.get(HOOK)
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise HookError(f'hook {HOOK} must answer {{"{HOOK}": {{NAME: DASHBOARD}}}}, and answered {str(answer)[:80]}.')
    for name in found:
        if not NAME.match(name):
            raise HookError(f"hook {HOOK} calls a dashboard {name!r}. A name has small letters, digits and hyphens.")
    return found

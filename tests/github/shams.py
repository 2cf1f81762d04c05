"""Programs that only note how they were called, in place of those that scripts call; and how a script is run with them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Notes its arguments and what they lead to, then does what it was told.
SHAM = """#!/usr/bin/env bash
printf '%s\\0' "$@" >>"$0.called"; printf '\\n' >>"$0.called"
{body}
"""


@dataclass
class Shams:
    """A folder that goes before others on PATH."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def make(self, name: str, body: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SHAM.format(body=body), encoding="utf-8")
        path.chmod(0o755)
        return path

    def called(self, name: str) -> list[list[str]]:
        file = self.folder / f"{name}.called"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        return [call.split("\0") for call in text.split("\0\n")[:-1]]

    def run(
        self, script: Path, *arguments: str, seconds: float = 60, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(script), *arguments],  # noqa: S607 - whichever the machine has
            cwd=self.folder,
            env=self.surroundings(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def surroundings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Nothing of a GitHub that these tests may run on."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GATE_", "RUNNER_"))
        }
        return kept | {"PATH": f"{self.folder}:{os.environ['PATH']}"} | self.environment | dict(environment)


def outputs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def quoted(text: str) -> str:
    """For a shell; JSON's strings will do for what these tests say."""
    return json.dumps(text)

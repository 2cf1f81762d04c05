"""Where the project is. Apart from project.py, so that a command that only looks at runs loads no models."""

from __future__ import annotations

from pathlib import Path

from seatrial.errors import UsageError

FILE_NAME = "seatrial.yml"


def find_project(start: Path) -> Path:
    """The seatrial.yml of `start` or of the nearest folder above it. Raises UsageError."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise UsageError(f"no {FILE_NAME} in {start} or above. Go to your project, or name the file with --project.")

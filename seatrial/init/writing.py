"""Writes the files of a project, all or none, and never over one that is there unless that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.run_folder import write_text


def refuse_occupied(root: Path, paths: Sequence[str], *, force: bool) -> None:
    """Raise UsageError naming every file that is in the way."""
    in_the_way = [path for path in paths if (root / path).exists() or (root / path).is_symlink()]
    if in_the_way and not force:
        raise UsageError(f"in the way: {', '.join(in_the_way)}. Move what you need, or replace all with --force.")
    for path in paths:
        if (root / path).is_dir():
            raise UsageError(f"{root / path} is a folder, and a file is to be written there. Move it.")


def write_files(root: Path, texts: Mapping[str, str]) -> None:
    """Write each with its folders. Raises UsageError when a folder cannot be made or written to."""
    for path, text in texts.items():
        file = root / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_text(file, text)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}. Make its folder writable.") from error

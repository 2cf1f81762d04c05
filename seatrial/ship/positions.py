"""The file that says how far every log file was acknowledged, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from seatrial.errors import StackError
from seatrial.ship.following import Beginning, Position

SCHEMA = 1
# Its name in the folder of a shipper.
POSITIONS = "positions.json"


def load_positions(file: Path) -> list[Position]:
    """None were saved when there is no file. Raises StackError when it is damaged."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return [Position(**{**each, "beginning": Beginning(**each["beginning"])}) for each in document["files"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(
            f"{file} is damaged: {error}. Remove it: all lines are sent again then, and those that are there are refused."
        ) from error


def save_positions(file: Path, positions: Sequence[Position]) -> None:
    """On the disk when it returns, so that even a machine that loses its power knows no more than was acknowledged."""
    partial = file.with_name(f".{file.name}.tmp")
    text = json.dumps({"schema": SCHEMA, "files": [asdict(each) for each in positions]}, indent=1)
    with partial.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)

"""How another process asks the owner of a stack for something: a request file, answered by a file.

Owns the two file names and the waiting. Both appear whole or not at all, so that neither side reads half a sentence.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import StackError
from seatrial.run_folder import read_json, write_json
from seatrial.stacks.turns import Turns, to_the_end


def folder(run_dir: Path) -> Path:
    """Where requests and answers lie."""
    return run_dir / "control"


def ask(run_dir: Path, request: dict[str, Any], *, alive: Callable[[], bool], timeout: float) -> dict[str, Any]:
    """Send a request and wait for the answer; `timeout` in seconds. Raises StackError with the owner's reason."""
    return to_the_end(asking(run_dir, request, alive=alive, timeout=timeout))


def asking(
    run_dir: Path, request: dict[str, Any], *, alive: Callable[[], bool], timeout: float
) -> Turns[dict[str, Any]]:
    """`ask` in turns, for who tends the owner's stack meanwhile."""
    token = secrets.token_hex(8)
    write_json(folder(run_dir) / f"{token}.request.json", request)
    path, deadline = folder(run_dir) / f"{token}.answer.json", time.monotonic() + timeout
    while (answer := read_json(path)) is None:
        if not alive():
            raise StackError("the stack ended before it answered. See `seatrial status`.")
        if time.monotonic() > deadline:
            raise StackError(f"the stack's owner gave no answer within {timeout:g} s. See its logs.")
        yield
    path.unlink()
    if "error" in answer:
        raise StackError(answer["error"])
    return dict(answer)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, and where its answer is awaited."""

    asked: dict[str, Any]
    answer_file: Path


def requests(run_dir: Path) -> list[Request]:
    """What was asked since the last call, the oldest first by name; each must be answered once."""
    found = []
    for path in sorted(folder(run_dir).glob("*.request.json")):
        asked = read_json(path)
        path.unlink()
        found.append(Request(asked, path.with_name(path.name.replace("request", "answer"))))
    return found


def answer(request: Request, document: dict[str, Any]) -> None:
    """Give the answer; a member `error` becomes the asker's StackError."""
    with contextlib.suppress(FileNotFoundError):  # the folder was removed under us: nobody waits
        write_json(request.answer_file, document)

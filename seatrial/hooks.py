"""Runs a hook: a command of the project, one JSON document in, one JSON document out.

Owns the child, its time-out and what counts as no answer (HookError, INCONCLUSIVE). Leaves the meaning of the
documents to who asks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.errors import HookError
from seatrial.stacks.processes import interpreter, tail


def hook_document(
    run_dir: Path,
    services: Sequence[Mapping[str, Any]],
    stores: Mapping[str, str],
    samples: Path | None = None,
    *,
    seed: int = 0,
    **extra: Any,
) -> dict[str, Any]:
    """What every hook is told; `extra` is what one of them is told besides."""
    return {
        "run_dir": str(run_dir),
        "services": services,
        "stores": stores,
        "samples": samples and str(samples),
        "random_seed": seed,
        **extra,
    }


def run_hook(
    name: str,
    command: Sequence[str],
    document: Mapping[str, Any],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    timeout: float = 120.0,
) -> dict[str, Any]:
    """The hook's answer, a JSON object. Its standard error goes to `log`; `timeout` in seconds; `environment` is its whole one.

    Raises HookError when it cannot be started, exits other than 0, runs out of time, or answers no JSON object.
    """
    with log.open("ab") as errors:
        try:
            child = subprocess.Popen(
                interpreter(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise HookError(f"hook {name} cannot start: {error}. Correct its command in the project's file.") from error
    try:
        output, _ = child.communicate(json.dumps(document, default=str).encode(), timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise HookError(f"hook {name} gave no answer within {timeout:g} s; see {log}.") from error
    finally:
        _end(child)
    if child.returncode:
        raise HookError(f"hook {name} ended with exit code {child.returncode}; {log} ends:\n{tail(log)}")
    return _answer(name, output, log)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Also when interrupted: a hook left behind would go on changing stores that are being judged or removed."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()


def _answer(name: str, output: bytes, log: Path) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError as error:
        shown = output[:80].decode(errors="replace")
        raise HookError(f"hook {name} answered {shown!r}, which is no JSON; see {log}.") from error
    if not isinstance(answer, dict):
        raise HookError(f"hook {name} answered {str(answer)[:80]!r} instead of a JSON object; see {log}.")
    return answer


def populated(answer: Mapping[str, Any]) -> dict[str, int | str]:
    """What the populate hook says of its work, in numbers and words; the path of the identities is nobody's matter."""
    return {name: value for name, value in answer.items() if name != "identities" and isinstance(value, int | str)}

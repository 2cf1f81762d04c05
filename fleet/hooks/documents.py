"""A hook's two ends: the document that the harness gives on stdin, and the one it gets on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.kit.errors import KitError

Document = Mapping[str, Any]


class HookError(Exception):
    """The hook cannot do its work; the message says why and what to do. The hook then exits 1."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A running replica: where it answers, and where its admin port is."""

    service: str
    url: str
    admin_url: str


def run(hook: Callable[[Document], Mapping[str, object]]) -> None:
    """Give the hook its document and write its answer; what it cannot do ends in exit code 1 and one sentence."""
    try:
        answer = hook(json.load(sys.stdin))
    except (HookError, KitError, json.JSONDecodeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    json.dump(answer, sys.stdout)


def replicas(document: Document, service: str) -> list[Replica]:
    """The service's replicas.

    Raises:
        HookError: there is none.
    """
    entries = [entry for entry in document.get("services") or [] if entry.get("service") == service]
    if not entries:
        raise HookError(f"The stack runs no {service}.")
    return [Replica(service, entry["url"], entry["admin_url"]) for entry in entries]


def store(document: Document, service: str) -> str:
    """The URL of the service's store.

    Raises:
        HookError: the stack names none.
    """
    url = (document.get("stores") or {}).get(service)
    if not url:
        raise HookError(f"The stack names no store of {service}; give it one in fleet.yml.")
    return str(url)


def write_json(path: Path, content: object, *, mode: int = 0o644) -> None:
    """Write the file; it appears under its name only when whole, and never with wider rights than `mode`."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        json.dump(content, file)
    part.replace(path)

"""What a person is asked on a terminal when no flag names a service; the asker is an argument, so tests answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seatrial.init.layouts import Layout

ADDRESSES = ("http://", "https://")
DOCUMENTS = (".json", ".yaml", ".yml")


class Ask(Protocol):
    """A question with a default; an empty answer takes it."""

    def __call__(self, question: str, default: str = "") -> str:
        """The answer."""


def ask_for(ask: Ask, layouts: Sequence[Layout], *, gunicorn: bool) -> dict[str, Sequence[str]]:
    """As flags would have said it: `service` and `command`, one pair each."""
    named: Mapping[str, list[str]] = {"service": [], "command": []}
    proposed = layouts[0] if layouts else None
    while True:
        first = not any(named.values())
        where = ask(
            "Where does the service run, or what starts it?" if first else "Another service? (empty for no more)",
            command_of(proposed, gunicorn=gunicorn) if first and proposed else "",
        ).strip()
        if not where:
            return {**named}
        name = ask("What is it called?", proposed.name if first and proposed else "web" if first else "")
        kind = "service" if where.startswith(ADDRESSES) else "command"
        named[kind].append(f"{name}={where}")


def ask_for_source(ask: Ask) -> dict[str, list[str]]:
    """What the load is to be made from, as flags would have said it: `openapi`, `access_log` or `path`."""
    answer = ask("What is it asked? An OpenAPI document, an access log, or paths (empty: look for a document)").split()
    if not answer:
        return {}
    if answer[0].startswith(ADDRESSES) or answer[0].endswith(DOCUMENTS):
        return {"openapi": answer[:1]}
    return (
        {"path": answer} if answer[0].startswith("/") and not Path(answer[0]).is_file() else {"access_log": answer[:1]}
    )


def command_of(layout: Layout, *, gunicorn: bool) -> str:
    """What starts an application on the port that it is told.

    Flask's own server ends at SIGTERM with whatever it was doing, which a trial calls an unclean stop: gunicorn where
    it is installed.
    """
    if gunicorn:
        return f"python -m gunicorn {layout.target} --bind {{host}}:{{port}} --threads 8"
    return f"python -m flask --app {layout.target} run --host {{host}} --port {{port}}"

"""Does what strangers and accidents do to the shop, for drills: guesses passwords, shows forged tokens, writes rubbish into a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

from fleet.hooks.documents import Document, HookError, replicas, run

TIMEOUT = (2.0, 5.0)  # seconds: connect, read
PASSWORDS, TOKENS = 4, 40  # at each call
FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ."  # unsigned


def passwords(document: Document) -> Mapping[str, object]:
    """Guess passwords of nobody."""
    door = replicas(document, "gateway")[0].url
    with _session() as session:
        for number in range(PASSWORDS):
            wrong = {"name": f"nobody{number}", "password": "not the password of anybody"}
            session.post(f"{door}/v1/users/login", json=wrong, timeout=TIMEOUT)
    return {"guessed": PASSWORDS}


def tokens(document: Document) -> Mapping[str, object]:
    """Show tokens that nobody signed."""
    door = replicas(document, "gateway")[0].url
    with _session() as session:
        session.headers["Authorization"] = f"Bearer {FORGED}"
        for _ in range(TOKENS):
            session.get(f"{door}/v1/home", timeout=TIMEOUT)
    return {"shown": TOKENS}


def lines(document: Document) -> Mapping[str, object]:
    """Write a line into the first log that is no log line."""
    log = next((entry["log_file"] for entry in document.get("services") or [] if entry.get("log_file")), None)
    if log is None:
        raise HookError("No service has a log file.")
    with Path(log).open("a", encoding="utf-8") as file:
        file.write("this is no log line\n")
    return {"written": 1}


DEEDS: Mapping[str, Callable[[Document], Mapping[str, object]]] = {
    "passwords": passwords,
    "tokens": tokens,
    "lines": lines,
}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def chosen(arguments: list[str]) -> Callable[[Document], Mapping[str, object]]:
    """The deed that the command line names.

    Raises:
        HookError: none, or one that is not known.
    """
    deed = DEEDS.get(arguments[0]) if len(arguments) == 1 else None
    if deed is None:
        raise HookError(f"Name one of {', '.join(DEEDS)}.")
    return deed


def intrude(document: Document) -> Mapping[str, object]:
    """What the command line names."""
    return chosen(sys.argv[1:])(document)


if __name__ == "__main__":
    run(intrude)

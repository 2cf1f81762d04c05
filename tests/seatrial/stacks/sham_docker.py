"""A `docker` that notes what it is asked and answers as it was told to; and containers and events in the real one's shape."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = "seatrial-20261126-143055-abcd"
# The most exact words that it knows an answer to decide; it has none to what it was not told of.
SCRIPT = r"""#!/bin/sh
here=${0%/*}
line=$(printf '%s\037' "$@")
printf '%s\n' "$line" >>"$here/asked"
for words in "$1 $2" "$1"; do
  [ -f "$here/$words.sh" ] || continue
  . "$here/$words.sh"
  exit
done
echo "nobody told what to answer to: $*" >&2
exit 99
"""
INSPECT = r"""shift; printf '['; comma=
for key; do printf '%s' "$comma"; cat "$here/$key.json" || exit 1; comma=,; done
printf ']'"""


@dataclass
class ShamDocker:
    """`folder` goes before others on PATH."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> ShamDocker:
        folder.mkdir()
        (folder / "docker").write_text(SCRIPT)
        (folder / "docker").chmod(0o755)
        sham = cls(folder)
        sham.does("inspect", INSPECT)
        sham.has()
        return sham

    def does(self, words: str, script: str) -> None:
        """What a command does that begins with these words, at most two; `$here` is the folder."""
        (self.folder / f"{words}.sh").write_text(script)

    def says(self, words: str, text: str = "", *, errors: str = "", code: int = 0) -> None:
        self.does(words, f"printf %s {shlex.quote(text)}; printf %s {shlex.quote(errors)} >&2; exit {code}")

    def has(self, *containers: dict[str, Any]) -> None:
        """These containers, and no others."""
        for each in containers:
            self.shows(each)
        self.says("ps", "".join(f"{each['Id']}\n" for each in containers))

    def shows(self, container: dict[str, Any], when: str = "") -> None:
        """The container as it is from now on, or from when a command copies it from the file of this name."""
        (self.folder / f"{when}{container['Id']}.json").write_text(json.dumps(container))

    def shows_then(self, container: dict[str, Any], after: str, *, script: str = "") -> None:
        """The container as it is after this command, which `script` does besides."""
        self.shows(container, f"{after}-")
        key = container["Id"]
        self.does(after, f'cp "$here/{after}-{key}.json" "$here/{key}.json"; {script}')

    def asked(self, *words: str) -> list[list[str]]:
        """The commands that began with these words, in order."""
        file = self.folder / "asked"
        lines = file.read_text().splitlines() if file.is_file() else []
        calls = [line.split("\037")[:-1] for line in lines]
        return [call for call in calls if call[: len(words)] == list(words)]

    def verbs(self) -> list[str]:
        return [call[0] for call in self.asked()]


def key_of(service: str, number: int) -> str:
    return f"{service}{number}".encode().hex().ljust(64, "0")


def container(  # noqa: PLR0913 - what differs between containers
    service: str = "orders",
    number: int = 1,
    *,
    address: str = "172.18.0.5",
    running: bool = True,
    code: int = 0,
    started: str = "2026-11-26T14:30:58.468996123Z",
    health: str | None = None,
    labels: dict[str, str] | None = None,
    networks: dict[str, str] | None = None,
) -> dict[str, Any]:
    """As `docker inspect` shows it; one that has ended has no address."""
    told = {
        "com.docker.compose.project": PROJECT,
        "com.docker.compose.service": service,
        "com.docker.compose.container-number": str(number),
        "com.docker.compose.oneoff": "False",
    }
    state: dict[str, Any] = {
        "Running": running, "Pid": 4100 + number if running else 0, "ExitCode": code, "StartedAt": started,
    }  # fmt: skip
    if health is not None:
        state["Health"] = {"Status": health, "FailingStreak": 0}
    addresses = {f"{PROJECT}_fleet": address} if networks is None else networks
    return {
        "Id": key_of(service, number),
        "Name": f"/{PROJECT}-{service}-{number}",
        "Config": {
            "Hostname": f"host-{service}-{number}",
            "Labels": told if labels is None else labels,
            "Env": [
                "PATH=/bin",
                "NONE",
                *([f"STORE=sqlite:////in/stores/{service}.db?a=b"] if service == "api" else []),
            ],
        },
        "State": state,
        "NetworkSettings": {
            "Networks": {name: {"IPAddress": each if running else ""} for name, each in addresses.items()}
        },
    }


def died(service: str, number: int, at: float, code: int = 137) -> str:
    """A line of `docker events`."""
    attributes = {"exitCode": str(code), "name": f"{PROJECT}-{service}-{number}"}
    actor = {"ID": key_of(service, number), "Attributes": attributes}
    event = {"status": "die", "Type": "container", "Action": "die", "Actor": actor, "timeNano": round(at * 1e9)}
    return json.dumps(event) + "\n"

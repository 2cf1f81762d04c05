"""Reads the stack in containers: docker-compose.yml, what is laid over it, and the files beside it that must fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FLEET: Mapping[str, Any] = yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text(encoding="utf-8"))["services"]
# They do their work and end; the others run until they are stopped.
ENDING = {"store-password", "migrate", "populate", "hooks", "elk-setup"}
# `$$` is a dollar sign that is not compose's to replace.
INNERMOST = re.compile(r"\$\{(\w+)(?::?-([^${}]*))?\}")
BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Loader(yaml.SafeLoader):
    """Knows compose's own tag for a list that takes the place of the one below it, where others are put behind it."""


Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


@cache
def parsed(text: str) -> Any:
    return yaml.load(text, Loader)  # noqa: S506 - it is a SafeLoader


def filled(text: str) -> str:
    """With the defaults of its variables, which may be made of others."""
    inner = INNERMOST.sub(lambda found: found[2] or "", text)
    return inner if inner == text else filled(inner)


def variables(text: str) -> set[tuple[str, str]]:
    """Each that the text names, with its default; empty for one that is made of others."""
    found = set(INNERMOST.findall(text))
    outer = INNERMOST.sub("OTHERS", text)
    return found | {(name, "" if "OTHERS" in default else default) for name, default in INNERMOST.findall(outer)}


def size(text: str) -> int:
    """Of memory, in bytes, as compose writes it."""
    return int(text[:-1]) * BYTES[text[-1]]


@dataclass(frozen=True)
class Stack:
    """The texts of its files, so that a fault can be planted in one."""

    compose: str
    offline: str
    env: str
    prometheus: str
    shop: str
    databases: str

    @classmethod
    def of(cls, root: Path) -> Stack:
        files = (
            "docker-compose.yml",
            "docker-compose.offline.yml",
            ".env",
            "deploy/compose/prometheus.yml",
            "deploy/compose/shop.json",
            "deploy/compose/databases.sql",
        )
        return cls(*((root / file).read_text(encoding="utf-8") for file in files))

    @property
    def document(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = parsed(self.compose)
        return found

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.document["services"]
        return found

    @property
    def shops(self) -> Mapping[str, Mapping[str, Any]]:
        """Those that are built of one service of the shop."""
        return {name: each for name, each in self.services.items() if served(each)}

    @property
    def settings(self) -> Mapping[str, str]:
        """Of .env."""
        lines = [line for line in self.env.splitlines() if line and not line.startswith("#")]
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def written(self, service: str) -> str:
        """The lines of one service, comments included."""
        found = re.search(rf"(?m)^  {service}:.*\n((?:    .*\n|\n)*)", self.compose)
        assert found is not None, f"no service {service} is written as this reads it"
        return found[1]


def served(service: Mapping[str, Any]) -> str:
    """Which service of the shop its image is of; empty when of none."""
    return str(service.get("build", {}).get("args", {}).get("SERVICE", ""))


def profiles(service: Mapping[str, Any]) -> set[str]:
    return set(service.get("profiles", ()))


def mounts(service: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Source and mode by target; a source that is a path begins with `.`."""
    parts = [each.split(":") for each in service.get("volumes", ())]
    return {target: (source, mode[0] if mode else "rw") for source, target, *mode in parts}


def networks(service: Mapping[str, Any]) -> set[str]:
    return set(service.get("networks", ()))


def recipe(service: Mapping[str, Any]) -> str:
    """The Dockerfile that it is built by; empty when it is not."""
    file = service.get("build", {}).get("dockerfile")
    return (ROOT / file).read_text(encoding="utf-8") if file else ""


def of_image(variable: str) -> str:
    """What fleet/Dockerfile sets it to."""
    (value,) = re.findall(rf"\b{variable}=(\S+)", (ROOT / "fleet" / "Dockerfile").read_text(encoding="utf-8"))
    return str(value)

"""Elasticsearch's component and index templates, from the log fields of telemetry.yml.

Owns the mapping: strict, so that a field that nobody declared is noticed and never guessed. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.project.telemetry import LogField
from seatrial.ship.names import IndexNames

# A document is found a second after it was acknowledged, also when nobody has searched for a while.
REFRESH = "1s"
# Longer keywords cannot be indexed (Lucene's limit is 32,766 bytes); this many characters of any script fit.
KEYWORD_CHARACTERS = 8191
GENERATED = "Generated from telemetry.yml by `seatrial render`: do not edit."


def templates(fields: Mapping[str, LogField], names: IndexNames) -> dict[str, dict[str, Any]]:
    """Every template by its file's name without ending: `component.<name>` and `index.<name>`."""
    mappings, settings, letters = f"{names.alias}.mappings", f"{names.alias}.settings", names.letters
    return {
        f"component.{settings}": _component({"settings": _settings()}),
        f"component.{mappings}": _component({"mappings": _mappings(fields)}),
        f"index.{names.alias}": {
            "index_patterns": [names.pattern],
            "composed_of": [settings, mappings],
            "template": {"aliases": {names.alias: {}}},
            "priority": 500,
            "_meta": {"description": GENERATED},
        },
        f"index.{letters}": {
            "index_patterns": [letters],
            "template": {"settings": _settings(), "mappings": LETTERS},
            "priority": 500,
            "_meta": {"description": GENERATED},
        },
    }


LETTERS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "@timestamp": {"type": "date"},
        "letter.id": {"type": "keyword"},
        "event.id": {"type": "keyword", "ignore_above": KEYWORD_CHARACTERS},
        "service.name": {"type": "keyword"},
        "service.node.name": {"type": "keyword"},
        "log.file.path": {"type": "keyword", "ignore_above": KEYWORD_CHARACTERS},
        "log.offset": {"type": "long"},
        "error.message": {"type": "text"},
        "event.original": {"type": "text", "index": False},
    },
}


def _component(template: Mapping[str, Any]) -> dict[str, Any]:
    return {"template": dict(template), "_meta": {"description": GENERATED}}


def _settings() -> dict[str, Any]:
    """One shard: a fleet's day is small, and shards cost memory. Replicas follow the number of nodes."""
    return {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": REFRESH}}


def _mappings(fields: Mapping[str, LogField]) -> dict[str, Any]:
    return {
        "dynamic": "strict",
        "properties": {name: _property(field) for name, field in sorted(fields.items())},
    }


def _property(field: LogField) -> dict[str, Any]:
    if field.type == "keyword":
        return {"type": "keyword", "ignore_above": KEYWORD_CHARACTERS}
    return {"type": field.type}

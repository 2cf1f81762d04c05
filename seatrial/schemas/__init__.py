"""JSON Schemas of the files that people write, made from the models that read them, for editors and other tools.

`python -m seatrial.schemas` writes them beside this file; a test fails when one is stale. They tell of names, types and
bounds; what holds between files, or between the parts of one, only the models know.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from seatrial.alerts.drills import DrillsFile
from seatrial.alerts.spec import AlertsFile
from seatrial.load.plan import JourneySteps
from seatrial.load.profile import Profile
from seatrial.objectives.spec import SlothSpec
from seatrial.project.fleet import Fleet
from seatrial.project.project import ProjectFile
from seatrial.project.telemetry import Telemetry

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: dict[str, type[BaseModel]] = {
    "seatrial": ProjectFile,
    "fleet": Fleet,
    "telemetry": Telemetry,
    "slo": SlothSpec,
    "alerts": AlertsFile,
    "drills": DrillsFile,
    "profile": Profile,
    "journeys": JourneySteps,
}


def schema_file(name: str) -> Path:
    """Where the schema of a kind of file lies."""
    return FOLDER / f"{name}.schema.json"


def schema_text(name: str) -> str:
    """The schema as it is written."""
    made: dict[str, Any] = MODELS[name].model_json_schema(mode="validation")
    title = {"seatrial": "seatrial.yml", "profile": "a load profile", "slo": "a document of slo.yml"}.get(
        name, f"{name}.yml"
    )
    return json.dumps({"$schema": DIALECT, **_plain(made), "title": title}, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Without the titles that pydantic makes of the names, and the line breaks of docstrings."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(each) for key, each in value.items() if key != "title" or not isinstance(each, str)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept

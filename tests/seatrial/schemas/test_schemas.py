import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from seatrial.load.plan import prepare, steps_file
from seatrial.project.project import load_project
from seatrial.schemas import FOLDER, MODELS, schema_file, schema_text

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "reference" / "example"
EXAMPLES = {
    "seatrial": EXAMPLE / "seatrial.yml",
    "fleet": EXAMPLE / "fleet.yml",
    "telemetry": EXAMPLE / "telemetry.yml",
    "slo": EXAMPLE / "slo.yml",
    "alerts": EXAMPLE / "alerts.yml",
    "drills": EXAMPLE / "drills.yml",
    "profile": EXAMPLE / "profiles" / "trial.yml",
    "journeys": EXAMPLE / "journeys.yml",
}
PROJECTS = [ROOT, ROOT / "e2e" / "foreign", ROOT / "e2e" / "stub_fleet"]


def schema(name: str) -> Any:
    return json.loads(schema_file(name).read_text(encoding="utf-8"))


def faults(name: str, document: Any) -> list[str]:
    plain = json.loads(json.dumps(document, default=str))
    return [error.message for error in jsonschema.Draft202012Validator(schema(name)).iter_errors(plain)]


def written() -> list[tuple[str, Path]]:
    """Every file of a known kind that this repository has."""
    files = list(EXAMPLES.items())
    for root in PROJECTS:
        named = yaml.safe_load((root / "seatrial.yml").read_text())
        files += [("seatrial", root / "seatrial.yml"), ("fleet", root / named["fleet"])]
        files += [(kind, root / named[kind]) for kind in ("slo", "alerts", "drills") if named.get(kind)]
        files += [("telemetry", root / named["telemetry"])] if named.get("telemetry") else []
        if named.get("load"):
            files += [("profile", file) for file in (root / named["load"]["profiles"]).glob("*.yml")]
    return files


@pytest.mark.parametrize("name", MODELS)
def test_it_is_what_the_models_say(name: str) -> None:
    assert schema_file(name).read_text(encoding="utf-8") == schema_text(name), "stale: make schemas"


def test_no_other_lies_beside_them() -> None:
    assert {file.name for file in FOLDER.glob("*.json")} == {f"{name}.schema.json" for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_it_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name, file", written(), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_every_file_that_is_here_is_valid(name: str, file: Path) -> None:
    documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    assert documents
    assert [fault for document in documents for fault in faults(name, document)] == []


@pytest.mark.parametrize(
    "name, document",
    [
        ("seatrial", {"fleet": "f", "telemtry": "t"}),
        ("seatrial", {"telemetry": "t"}),
        ("fleet", {"name": "a", "entry": "a", "services": {}}),
        ("fleet", {"name": "a", "entry": "a", "services": {"a": {"command": [], "port": 1}}}),
        ("fleet", {"name": "a", "entry": "a", "services": {"a": {"command": ["x"], "port": "eighty"}}}),
        ("fleet", {"name": "A!", "entry": "a", "services": {"a": {"command": ["x"]}}}),
        ("telemetry", {"metrics": {"m": {"type": "timer"}}}),
        ("telemetry", {"roles": {"server_request": {}}}),
        ("profile", {"stages": []}),
        ("profile", {"stages": [{"name": "a", "rate": -1, "seconds": 1}]}),
        ("profile", {"stages": [{"name": "a", "rate": 1, "seconds": 1}], "limits": {"all": {"p97": 1}}}),
        ("slo", {"version": "prometheus/v1", "service": "web", "slos": []}),
        ("journeys", {"read": {"book": "often"}}),
    ],
)
def test_what_the_models_refuse_it_refuses(name: str, document: Any) -> None:
    assert faults(name, document)


# The annotated example


def test_the_example_is_a_project(tmp_path: Path) -> None:
    """With the files that it only names."""
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "example"))
    for name in (
        "locustfile.py",
        "observability/prometheus/prometheus.yml",
        "observability/alertmanager/alertmanager.yml",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    project = load_project(root / "seatrial.yml")
    assert project.load is not None
    _, plan = prepare(
        "trial",
        profiles=project.load.profiles,
        journeys=steps_file(project.load.locustfile),
        services=project.fleet.services,
        objectives=project.objectives,
    )
    assert plan.judged
    assert [objective.id for objective in project.objectives] == ["web-availability", "web-answers"]
    assert project.telemetry.roles_of("stock").client_requests is None


@pytest.mark.parametrize("name", [name for name in MODELS if name != "journeys"])
def test_the_example_shows_every_key(name: str) -> None:
    shown = yaml.safe_load(EXAMPLES[name].read_text(encoding="utf-8"))
    missing = [key for key in keys_of(schema(name)) if key not in set(every_key(shown))]
    assert missing == []


@pytest.mark.parametrize("name", MODELS)
def test_every_key_of_the_example_has_its_line_of_meaning_near(name: str) -> None:
    assert "#" in EXAMPLES[name].read_text(encoding="utf-8").splitlines()[0]


def keys_of(document: dict[str, Any]) -> set[str]:
    """All keys that the objects of a schema may have."""
    parts = [document, *document.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def every_key(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for each in value.values() for key in every_key(each))]
    return [key for each in value for key in every_key(each)] if isinstance(value, list) else []


def test_a_key_that_is_not_shown_is_seen() -> None:
    class Part(BaseModel):
        port: int

    class Whole(BaseModel):
        parts: list[Part]

    assert keys_of(Whole.model_json_schema()) == {"parts", "port"}

"""Which pages are generated, and from what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from docs.generator.commands import commands_page
from docs.generator.contract import contract_page
from docs.generator.models import model_page
from docs.generator.schema import schema_page
from seatrial.alerts.drills import DrillsFile
from seatrial.alerts.spec import AlertsFile
from seatrial.load.profile import Profile
from seatrial.objectives.spec import SlothSpec
from seatrial.project.fleet import Fleet
from seatrial.project.fleet_checks import PLACEHOLDERS
from seatrial.project.project import ProjectFile

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def profile_page() -> str:
    """A load profile, with one of the sample's as its example."""
    return model_page(
        "A load profile",
        Profile,
        "A file in the folder that `load.profiles` of seatrial.yml names, or any file given by its path. Made from "
        "`seatrial/load/profile.py`. How to write one: [a journey and its profile](../how-to/write-a-journey.md); how the load is "
        "made of it: [seatrial load](../cli/load.md).",
        example=("loadtests/profiles/trial.yml", "The profile `trial`"),
        root=ROOT,
    )


def project_page() -> str:
    """seatrial.yml, with the sample's as its example."""
    return model_page(
        "seatrial.yml",
        ProjectFile,
        "What Seatrial is pointed at. Every path is relative to the file. Made from `seatrial/project/project.py`.",
        example=("seatrial.yml", "The sample's"),
        root=ROOT,
    )


def fleet_page() -> str:
    """fleet.yml, with the names that the stack fills in."""
    names = ", ".join(f"`{{{name}}}`" for name in sorted(PLACEHOLDERS))
    return model_page(
        "fleet.yml",
        Fleet,
        "The services, how each is started or where it runs already, and who calls whom. Made from `seatrial/project/fleet.py`; the sample's is "
        "[fleet/fleet.yml](../../fleet/fleet.yml).",
        f"In `command`, `environment` and `log` the stack fills in {names}; `{{urls[NAME]}}` is where the first replica of another service "
        "was started. `{{` is a plain brace. A command that begins with `python` runs under the interpreter of the stack. How to write one: "
        "[your own fleet](../how-to/your-own-fleet.md).",
        root=ROOT,
    )


def slo_page() -> str:
    """slo.yml, with its own annotated example."""
    return model_page(
        "slo.yml",
        SlothSpec,
        "What each service promises, in Sloth's `prometheus/v1` spec, one document for each service; documents of OpenSLO v1 (`kind: SLO`, a ratio of "
        "events, 30 days, by occurrences) are read too. Made from `seatrial/objectives/spec.py`; the sample's is "
        "[observability/slo.yml](../../observability/slo.yml). What follows from it: [objectives](../how-to/write-objectives.md).",
        example=("docs/reference/example/slo.yml", "An annotated one"),
        root=ROOT,
    )


def alerts_page() -> str:
    """alerts.yml, with its own annotated example."""
    return model_page(
        "alerts.yml",
        AlertsFile,
        "What somebody is told of, beside the burning of budgets. Made from `seatrial/alerts/spec.py`; the sample's is "
        "[observability/alerts.yml](../../observability/alerts.yml).",
        example=("docs/reference/example/alerts.yml", "An annotated one"),
        root=ROOT,
    )


def drills_page() -> str:
    """drills.yml, with its own annotated example."""
    return model_page(
        "drills.yml",
        DrillsFile,
        "What makes each alert fire, and so proves it: [seatrial drill](../cli/drill.md). Made from `seatrial/alerts/drills.py`; the sample's is "
        "[observability/drills.yml](../../observability/drills.yml).",
        example=("docs/reference/example/drills.yml", "An annotated one"),
        root=ROOT,
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": commands_page,
    "seatrial-yml.md": project_page,
    "fleet-yml.md": fleet_page,
    "slo-yml.md": slo_page,
    "alerts-yml.md": alerts_page,
    "drills-yml.md": drills_page,
    "profile.md": profile_page,
    "telemetry.md": partial(contract_page, ROOT / "fleet" / "telemetry.yml"),
    "verdict-json.md": schema_page,
}

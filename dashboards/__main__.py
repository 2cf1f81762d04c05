"""The hook that `seatrial render` asks for dashboards: a project's file in, Grafana's JSON by name out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dashboards import (
    alerts_and_drills,
    fleet_overview,
    load_test,
    logs_and_pipeline,
    prometheus_itself,
    service,
    user_journeys,
)
from dashboards.page import build
from dashboards.subject import Subject
from seatrial.project.project import Project, load_project

PAGES = (
    fleet_overview.page,
    service.page,
    user_journeys.page,
    load_test.page,
    logs_and_pipeline.page,
    alerts_and_drills.page,
    prometheus_itself.page,
)


def dashboards(project: Project) -> dict[str, dict[str, Any]]:
    """Each by the name of its file without ending, which begins with its place; one that would be empty is left out."""
    subject = Subject(project)
    pages = [page(subject) for page in PAGES]
    made = {f"{place}-{page.key}": build(subject, page) for place, page in enumerate(pages, 1)}
    return {key: document for key, document in made.items() if document is not None}


def main() -> None:
    """Read {"project": FILE}, write {"dashboards": {NAME: DOCUMENT}}."""
    asked = json.load(sys.stdin)
    json.dump({"dashboards": dashboards(load_project(Path(asked["project"])))}, sys.stdout)


if __name__ == "__main__":
    main()

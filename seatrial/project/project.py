"""seatrial.yml: which fleet, contract, load and hooks Seatrial is pointed at.

Owns reading the file and everything it names, as one frozen Project. Leaves profiles to seatrial.load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from seatrial.alerts.drills import DrillsFile, load_drills
from seatrial.alerts.spec import AlertsFile, load_alerts
from seatrial.objectives.contract import load_objectives
from seatrial.objectives.objective import Objective
from seatrial.project.compose import Compose
from seatrial.project.fleet import Command, Fleet
from seatrial.project.fleet_checks import load_fleet
from seatrial.project.telemetry import Roles, Telemetry
from seatrial.project.telemetry_checks import load_telemetry
from seatrial.project.yaml_source import FileModel, Problem, YamlSource, load_yaml, validate

# What scrapes a fleet whose project brings no configuration of its own.
BUILT_IN_PROMETHEUS = Path(__file__).with_name("prometheus")
RULES = "rules"
DASHBOARDS = "dashboards"


class Load(FileModel):
    """Where the load is written down."""

    locustfile: Path = Field(
        description="What Locust runs; `journeys.yml` beside it says how often each step is asked."
    )
    profiles: Path = Field(description="The folder of profiles.")


class Hooks(FileModel):
    """Commands that know the fleet's content; what needs an absent one is not done."""

    populate: Command | None = Field(default=None, description="Fills the stores before the load.")
    invariants: Command | None = Field(default=None, description="Judges the books after it.")
    fault: Command | None = Field(default=None, description="Applies and lifts what `--fault` names.")
    dashboards: Command | None = Field(
        default=None, description="Tells `seatrial render` Grafana's dashboards, which go into the folder `grafana`."
    )


class ProjectFile(FileModel):
    """seatrial.yml as written; every path is relative to it."""

    fleet: Path = Field(description="The services: fleet.yml.")
    telemetry: Path | None = Field(
        default=None, description="What metrics and log fields mean: telemetry.yml; default: nothing is known of them."
    )
    slo: Path | None = Field(default=None, description="Objectives: slo.yml.")
    alerts: Path | None = Field(default=None, description="Alerts beside those of the objectives: alerts.yml.")
    drills: Path | None = Field(default=None, description="What makes each alert fire: drills.yml.")
    prometheus: Path | bool = Field(
        default=True,
        description="A folder with prometheus.yml; by default a built-in one scrapes what has metrics, `false`: there is to be none.",
    )
    alertmanager: Path | None = Field(
        default=None, description="A folder with alertmanager.yml; without it, alerts fire and nobody is told."
    )
    elasticsearch: Path | None = Field(
        default=None, description="The folder that `seatrial render` writes Elasticsearch's templates into."
    )
    kibana: Path | None = Field(
        default=None, description="The folder that `seatrial render` writes Kibana's objects.ndjson into."
    )
    grafana: Path | None = Field(
        default=None,
        description="The folder of Grafana's files; panels of its dashboards/*.json are drawn in reports and proven on live data.",
    )
    compose: Compose | None = Field(default=None, description="How the fleet runs in containers, for `--on compose`.")
    load: Load | None = Field(default=None, description="Without it there is no trial.")
    hooks: Hooks = Field(default=Hooks(), description="Commands that know the fleet's content.")


@dataclass(frozen=True, slots=True)
class Project:
    """All paths are absolute. `prometheus` is a folder that holds prometheus.yml, or None where none is to be started;
    `elasticsearch`, `kibana` and `grafana` are folders of rendered files; `objectives` are those of `slo`; `alertmanager` is a folder that
    holds alertmanager.yml.
    """

    file: Path
    fleet: Fleet
    telemetry: Telemetry
    hooks: Hooks
    load: Load | None = None
    prometheus: Path | None = None
    slo: Path | None = None
    objectives: tuple[Objective, ...] = ()
    alerts: AlertsFile | None = None
    drills: DrillsFile | None = None
    alertmanager: Path | None = None
    elasticsearch: Path | None = None
    kibana: Path | None = None
    grafana: Path | None = None
    compose: Compose | None = None

    @property
    def dashboards(self) -> Path | None:
        """The folder of Grafana's dashboards."""
        return self.grafana / DASHBOARDS if self.grafana else None

    @property
    def rules(self) -> Path | None:
        """The folder of Prometheus's rules, as the project's own prometheus.yml names it."""
        return None if self.prometheus in {None, BUILT_IN_PROMETHEUS} else self.prometheus / RULES

    @property
    def root(self) -> Path:
        """The folder of seatrial.yml; hooks and services run in it."""
        return self.file.parent


def load_project(file: Path) -> Project:
    """Read seatrial.yml and all it names. Raises ConfigError."""
    source = load_yaml(file.absolute())
    written = validate(source, ProjectFile)
    root = source.file.parent
    problems = list(_absent(written, root))
    if problems:
        raise source.error(problems)
    fleet = load_fleet(root / written.fleet)
    telemetry = load_telemetry(root / written.telemetry) if written.telemetry else Telemetry()
    problems = list(_strangers(fleet, telemetry))
    if problems:
        raise load_yaml(root / (written.telemetry or "")).error(problems)
    objectives = load_objectives(root / written.slo, telemetry, fleet.services) if written.slo else ()
    alerts = load_alerts(root / written.alerts, telemetry, fleet, objectives) if written.alerts else None
    drills = load_drills(root / written.drills, alerts, objectives, list(fleet.services)) if written.drills else None
    return Project(
        file=source.file,
        fleet=fleet,
        telemetry=without_probes(telemetry, fleet),
        hooks=written.hooks,
        load=_beneath(written.load, root),
        prometheus=_prometheus(written, source, fleet),
        slo=root / written.slo if written.slo else None,
        objectives=objectives,
        alerts=alerts,
        drills=drills,
        alertmanager=root / written.alertmanager if written.alertmanager else None,
        elasticsearch=root / written.elasticsearch if written.elasticsearch else None,
        kibana=root / written.kibana if written.kibana else None,
        grafana=root / written.grafana if written.grafana else None,
        compose=written.compose,
    )


def without_probes(telemetry: Telemetry, fleet: Fleet) -> Telemetry:
    """The contract with the paths ignored that Seatrial and Prometheus ask by themselves, perhaps on the traffic port."""

    def ignoring(roles: Roles, probes: frozenset[str]) -> Roles:
        return roles.model_copy(update={"ignored_routes": tuple(sorted({*roles.ignored_routes, *probes}))})

    services = {name: ignoring(telemetry.roles_of(name), fleet.probes(name)) for name in fleet.services}
    return telemetry.model_copy(update={"services": services})


def _absent(written: ProjectFile, root: Path) -> Iterator[Problem]:
    """Of the load nothing is asked here: a fleet is worth starting before there is any."""
    for key in ("fleet", "telemetry", "slo", "alerts", "drills"):
        path = getattr(written, key)
        if path is not None and not (root / path).is_file():
            yield Problem((key,), f"{key} names {path}, which does not exist. Correct the path.")
    if written.hooks.dashboards is not None and written.grafana is None:
        message = "hooks.dashboards tells dashboards, and there is no folder for them. Add `grafana: FOLDER`."
        yield Problem(("hooks", "dashboards"), message)
    if written.alertmanager is not None and not (root / written.alertmanager / "alertmanager.yml").is_file():
        message = f"alertmanager names {written.alertmanager}, which holds no alertmanager.yml. Correct the path."
        yield Problem(("alertmanager",), message)


def _beneath(load: Load | None, root: Path) -> Load | None:
    return load and Load(locustfile=root / load.locustfile, profiles=root / load.profiles)


def _strangers(fleet: Fleet, telemetry: Telemetry) -> Iterator[Problem]:
    for name in telemetry.services:
        if name not in fleet.services:
            known = ", ".join(fleet.services)
            yield Problem(("services", name), f"services names '{name}', which the fleet has not. Known are: {known}.")


def _prometheus(written: ProjectFile, source: YamlSource, fleet: Fleet) -> Path | None:
    if isinstance(written.prometheus, bool):
        scraped = written.prometheus and any(fleet.admin_of(name).metrics for name in fleet.services)
        return BUILT_IN_PROMETHEUS if scraped else None
    folder = source.file.parent / written.prometheus
    if not (folder / "prometheus.yml").is_file():
        message = f"prometheus names {written.prometheus}, which holds no prometheus.yml. Correct the path."
        raise source.error([Problem(("prometheus",), message)])
    return folder

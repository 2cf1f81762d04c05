"""slo.yml: objectives in Sloth's `prometheus/v1` spec, or as OpenSLO v1 documents; several documents in one file.

Owns the shape of Sloth's spec, as its reference has it (https://sloth.dev/specs/default/), and reading the file. What a plugin
would have to compute is refused. Leaves to `contract` whether queries ask for what there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from seatrial.objectives.objective import (
    AVAILABILITY,
    KIND,
    KINDS,
    LATENCY,
    STEPS,
    THRESHOLD,
    WINDOW,
    Alert,
    Objective,
    Place,
    query_keys,
)
from seatrial.objectives.openslo import API_VERSION, OpenSlo
from seatrial.project.sentences import Keys
from seatrial.project.yaml_source import FileModel, Problem, YamlSource, load_documents, validate

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$")]
Query = Annotated[str, Field(min_length=1)]
Texts = dict[str, str]


class Events(FileModel):
    """Bad events and all events, per second."""

    error_query: Query = Field(description="PromQL of the bad ones, with `{{.window}}`.")
    total_query: Query = Field(description="PromQL of all, with `{{.window}}`.")


class Raw(FileModel):
    """The share of bad events as one query."""

    error_ratio_query: Query = Field(description="PromQL, with `{{.window}}`.")


class Sli(FileModel):
    """How it is measured; one of the two."""

    events: Events | None = Field(default=None, description="By counting events.")
    raw: Raw | None = Field(default=None, description="By a query of one's own.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.events is None) == (self.raw is None):
            raise ValueError("write either events or raw")
        return self


class AlertPart(FileModel):
    """What one severity adds."""

    disable: bool = Field(default=False, description="Make none.")
    labels: Texts = Field(default_factory=dict, description="Labels of the alert.")
    annotations: Texts = Field(default_factory=dict, description="Its annotations.")


class Alerting(FileModel):
    """The alerts of an objective."""

    name: Annotated[str, Field(pattern=r"^([A-Z][A-Za-z0-9]*)?$")] = Field(
        default="", description="The alert's name; needed unless both are disabled."
    )
    labels: Texts = Field(default_factory=dict, description="Of both.")
    annotations: Texts = Field(default_factory=dict, description="Of both.")
    page_alert: AlertPart = Field(default=AlertPart(), description="Wakes somebody.")
    ticket_alert: AlertPart = Field(default=AlertPart(), description="Is for working hours.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name and not (self.page_alert.disable and self.ticket_alert.disable):
            raise ValueError("alerting has no name. Name it, or disable page_alert and ticket_alert")
        return self


class Slo(FileModel):
    """One objective."""

    name: Name = Field(description="Unique within the service.")
    objective: Annotated[float, Field(gt=0, lt=100)] = Field(description="Per cent of events that are to be good.")
    description: str = Field(default="", description="What it promises, and to whom.")
    labels: Texts = Field(
        default_factory=dict,
        description=f"`{KIND}` ({', '.join(KINDS)}), `{THRESHOLD}` of a latency, `{STEPS}`: steps of the load, with commas, or `all`.",
    )
    sli: Sli = Field(description="How it is measured.")
    alerting: Alerting = Field(description="When somebody is told.")


class SlothSpec(FileModel):
    """One document of Sloth's: all objectives of one service."""

    version: Literal["prometheus/v1"] = Field(description="Which spec this is.")
    service: Name = Field(description="The service, as fleet.yml calls it.")
    labels: Texts = Field(default_factory=dict, description="Of all its objectives.")
    slos: Annotated[list[Slo], Field(min_length=1)] = Field(description="Its objectives.")


def read_objectives(file: Path) -> list[tuple[Objective, YamlSource, Keys]]:
    """Each objective with the document and the keys where it stands. Raises ConfigError."""
    found = [each for source in load_documents(file) for each in _objectives(source)]
    known: set[str] = set()
    for objective, source, keys in found:
        if objective.id in known:
            message = f"two objectives of {objective.service} are called {objective.name}. Give each its own name."
            raise source.error([Problem(keys, message)])
        known.add(objective.id)
    return found


def _objectives(source: YamlSource) -> Iterator[tuple[Objective, YamlSource, Keys]]:
    if isinstance(source.data, Mapping) and source.data.get("apiVersion") == API_VERSION:
        document = validate(source, OpenSlo)
        for index, target in enumerate(document.spec.objectives):
            keys: Keys = ("spec", "objectives", index)
            made = document.objective(target, Place(source.file, source.mark(keys).line))
            yield _checked(made, source, keys), source, keys
        return
    spec = validate(source, SlothSpec)
    for index, slo in enumerate(spec.slos):
        keys = ("slos", index)
        yield _checked(_of_sloth(spec, slo, source, keys), source, keys), source, keys


def _of_sloth(spec: SlothSpec, slo: Slo, source: YamlSource, keys: Keys) -> Objective:
    parts = {"page": slo.alerting.page_alert, "ticket": slo.alerting.ticket_alert}
    alerts: dict[str, Any] = {
        severity: Alert({**slo.alerting.labels, **part.labels}, {**slo.alerting.annotations, **part.annotations})
        for severity, part in parts.items()
        if not part.disable
    }
    return Objective(
        service=spec.service,
        name=slo.name,
        target=round(slo.objective / 100, 9),
        place=Place(source.file, source.mark((*keys, "name")).line),
        bad=slo.sli.events.error_query if slo.sli.events else "",
        total=slo.sli.events.total_query if slo.sli.events else "",
        ratio=slo.sli.raw.error_ratio_query if slo.sli.raw else "",
        description=slo.description,
        labels={**spec.labels, **slo.labels},
        alert=slo.alerting.name,
        **alerts,
    )


def _checked(objective: Objective, source: YamlSource, keys: Keys) -> Objective:
    """With what the labels say. Raises ConfigError."""
    problems, at, labels = [], (*keys, "labels"), objective.labels
    kind = labels.get(KIND, AVAILABILITY)
    if kind not in KINDS:
        problems.append(Problem((*at, KIND), f"{KIND} is {kind!r}. Write one of {', '.join(KINDS)}."))
    threshold = _seconds(labels.get(THRESHOLD))
    if (threshold is not None) != (kind == LATENCY) or threshold == 0:
        message = f"{THRESHOLD} goes with {KIND}: {LATENCY}, and is a number of seconds. Write both, or neither."
        problems.append(Problem((*at, THRESHOLD), message))
    for name, query in objective.queries().items():
        if WINDOW not in query:
            message = f"{name} of {objective.name} has no {WINDOW}. Write it where the range stands: [{WINDOW}]."
            problems.append(Problem((*keys, *query_keys(name)), message))
    if problems:
        raise source.error(problems)
    steps = tuple(step.strip() for step in labels.get(STEPS, "").split(",") if step.strip())
    return replace(objective, kind=kind, threshold=threshold, steps=steps)


def _seconds(text: str | None) -> float | None:
    """0 stands for what is no number of seconds."""
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 < found < float("inf") else 0.0

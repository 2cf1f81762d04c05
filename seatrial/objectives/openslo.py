"""OpenSLO v1 documents of kind SLO, as far as they can be measured by Prometheus with a ratio of events.

The shape is that of https://github.com/OpenSLO/OpenSLO (version v1). Queries hold `{{.window}}`, as Sloth wants them too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from seatrial.objectives.objective import Alert, Objective, Place
from seatrial.project.yaml_source import FileModel

API_VERSION = "openslo/v1"
NAME = "seatrial_alert"


class DocumentModel(FileModel):
    """Its keys are written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class Metadata(DocumentModel):
    """Of the document."""

    name: str = Field(description="The objective's name.")
    display_name: str = Field(default="", description="For people.")
    labels: dict[str, str] = Field(default_factory=dict, description=f"As in Sloth's spec; `{NAME}` names the alert.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Kept, and not read.")


class QuerySpec(DocumentModel):
    """Where the query is."""

    query: str = Field(description="PromQL with `{{.window}}`.")


class MetricSource(DocumentModel):
    """Who is asked."""

    type: Literal["Prometheus", "prometheus"] = Field(default="Prometheus", description="Prometheus.")
    metric_source_ref: str = Field(default="", description="Kept, and not read.")
    spec: QuerySpec = Field(description="The query.")


class Part(DocumentModel):
    """Good, bad or all events."""

    metric_source: MetricSource = Field(description="Who is asked.")


class RatioMetric(DocumentModel):
    """Bad or good events among all."""

    counter: bool = Field(default=True, description="Kept, and not read: the query says how it counts.")
    good: Part | None = Field(default=None, description="Good events.")
    bad: Part | None = Field(default=None, description="Bad events.")
    total: Part = Field(description="All events.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.good is None) == (self.bad is None):
            raise ValueError("write either good or bad")
        return self

    def bad_query(self) -> str:
        """Bad events; what is not good is bad."""
        total = self.total.metric_source.spec.query.strip()
        if self.good is not None:
            return f"(\n{total}\n)\n-\n(\n{self.good.metric_source.spec.query.strip()}\n)"
        return self.bad.metric_source.spec.query if self.bad else ""


class IndicatorSpec(DocumentModel):
    """How it is measured."""

    ratio_metric: RatioMetric = Field(description="The only kind that can be judged by burn rate.")


class Indicator(DocumentModel):
    """The indicator, written in place."""

    metadata: dict[str, Any] = Field(default_factory=dict, description="Kept, and not read.")
    spec: IndicatorSpec = Field(description="How it is measured.")


class Target(DocumentModel):
    """One objective of the document."""

    display_name: str = Field(default="", description="Tells several apart.")
    target: Annotated[float, Field(gt=0, lt=1)] = Field(description="Share of events that are to be good.")


class Window(DocumentModel):
    """The time that the budget is for."""

    duration: Literal["30d"] = Field(description="30 days: what burn rates count with.")
    is_rolling: Literal[True] = Field(default=True, description="Rolling.")


class Spec(DocumentModel):
    """What the document says."""

    description: str = Field(default="", description="What it promises, and to whom.")
    service: str = Field(description="The service, as fleet.yml calls it.")
    indicator: Indicator = Field(description="How it is measured.")
    time_window: Annotated[list[Window], Field(max_length=1)] = Field(default_factory=list, description="30 days.")
    budgeting_method: Literal["Occurrences"] = Field(default="Occurrences", description="By events.")
    objectives: Annotated[list[Target], Field(min_length=1)] = Field(description="One or several.")
    alert_policies: Annotated[list[Any], Field(max_length=0)] = Field(
        default_factory=list, description="Empty: alerts follow from the burn rate."
    )


class OpenSlo(DocumentModel):
    """One document."""

    api_version: Literal["openslo/v1"] = Field(description="Which spec this is.")
    kind: Literal["SLO"] = Field(description="The only kind that is read.")
    metadata: Metadata = Field(description="Its name.")
    spec: Spec = Field(description="What it says.")

    def objective(self, target: Target, place: Place) -> Objective:
        """One of its objectives."""
        ratio, several = self.spec.indicator.spec.ratio_metric, len(self.spec.objectives) > 1
        name = f"{self.metadata.name}-{target.target * 100:.6g}" if several else self.metadata.name
        return Objective(
            service=self.spec.service,
            name=name,
            target=target.target,
            place=place,
            bad=ratio.bad_query(),
            total=ratio.total.metric_source.spec.query,
            description=self.spec.description or self.metadata.display_name,
            labels=self.metadata.labels,
            alert=self.metadata.labels.get(NAME, ""),
            page=Alert() if NAME in self.metadata.labels else None,
            ticket=Alert() if NAME in self.metadata.labels else None,
        )

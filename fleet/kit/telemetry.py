"""The telemetry contract as objects: which metrics and log fields may be emitted, and of which type.

Reads telemetry.yml; `metrics` and `logs` refuse what is not in it. The file's `roles` are for the harness and pass unread.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fleet.kit.errors import ContractError

MetricType = Literal["counter", "gauge", "histogram"]


class MetricSpec(BaseModel):
    """One metric; `buckets` (upper bounds, rising, without +Inf) belong to histograms and to them alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: MetricType
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _buckets_fit_the_type(self) -> Self:
        if bool(self.buckets) != (self.type == "histogram"):
            raise ValueError(f"a {self.type} {'has no' if self.buckets else 'needs'} buckets")
        if list(self.buckets) != sorted(set(self.buckets)):
            raise ValueError("buckets must rise")
        return self


class FieldSpec(BaseModel):
    """One log field, with the type that the index will give it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["date_nanos", "text", "keyword", "long", "short"]
    help: str


class Contract(BaseModel):
    """telemetry.yml without its roles."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    metrics: dict[str, MetricSpec] = Field(min_length=1)
    logs: dict[str, FieldSpec] = Field(min_length=1)

    @cached_property
    def keywords(self) -> dict[str, str]:
        """Log fields by the name a Python keyword can have: `order_id` -> `order.id`."""
        return {name.replace(".", "_"): name for name in self.logs}


def load_contract(file: Path) -> Contract:
    """The contract in `file`.

    Raises:
        ContractError: the file cannot be read or is wrong; the message names the file and the place in it.
    """
    try:
        document = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both loaders are the safe ones
        return Contract.model_validate(document)
    except (OSError, yaml.YAMLError) as error:
        raise ContractError(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ContractError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

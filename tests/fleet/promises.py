"""What an OpenAPI document promises, held against good and bad data that schemathesis makes of it.

The same data each time: what is drawn is derandomized, and the covering cases are enumerated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from documented import FORM
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

# An answer may say that the thing is not there, not enough, or in another state: that is no promise broken.
ACCEPTED = ["2xx", "304", "402", "404", "409"]
REFUSED = ["400", "401", "404", "405", "413", "415", "422"]
NUMBERS = count()
Headers = Mapping[str, str]


def configuration() -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": False},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
        }
    )


def broken(
    schema: Any, headers: Mapping[str, Headers], known: Mapping[str, Any], examples: int, **call: Any
) -> list[str]:
    """The promises that were not kept, a sentence each.

    `headers` has, by method and path, those of a caller that the operation lets in; `examples` are drawn for each
    operation in both ways, good and bad; `call` is schemathesis's: where to, if not into an app.
    """
    return [
        failure
        for result in schema.get_all_operations()
        for case in cases(result.ok(), examples)
        for failure in failures(with_known(case, known), headers.get(case.operation.label, {}), **call)
    ]


def cases(operation: Any, examples: int) -> Iterator[Case]:
    modes = list(GenerationMode)
    yield from operation.schema.iter_coverage_cases(
        operation, generation_modes=modes, generation_config=operation.schema.config.generation_for(operation=operation)
    )
    for mode in modes:
        yield from drawn(operation, mode, examples)


def drawn(operation: Any, mode: GenerationMode, examples: int) -> list[Case]:
    found: list[Case] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        found.append(case)

    with suppress(Unsatisfiable):  # nothing about the operation can be wrong
        draw()
    return found


def with_known(case: Case, known: Mapping[str, Any]) -> Case:
    """Good data as only the service could have told: what schemas say of cursors and keys is less than the truth."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    case.query.pop("cursor", None)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"promised-{next(NUMBERS)}"
    body = case.body if isinstance(case.body, dict) else {}
    for place in (case.path_parameters, body):
        place |= {name: known[name] for name in known.keys() & place.keys()}
    if case.media_type == FORM:  # what more there may be is drawn as JSON, which a form cannot hold
        schema = case.operation.definition.raw["requestBody"]["content"][FORM]["schema"]
        for name in body.keys() - schema["properties"].keys():
            del body[name]
    return case


def failures(case: Case, headers: Headers, **call: Any) -> Iterator[str]:
    try:
        case.call_and_validate(headers=dict(headers), **call)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{case.operation.label}: {type(failure).__name__}: {failure} {case!r:.300}"

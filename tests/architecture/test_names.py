"""No service, route or metric name of the sample occurs in seatrial/."""

import ast
import re

import pytest
from source_tree import ROOT, Module, document, modules, services

# Words that are also the field's own: Locust counts "users", and the verdict's schema calls the entry "gateway".
FIELD_WORDS = {"users", "gateway"}
# The kit verifies tokens, so it must know one service: the issuer's.
ISSUER = "users"
STANDARD_METRICS = re.compile(r"^process_")


def sample_names() -> list[str]:
    metrics = [name for name in document("fleet/telemetry.yml")["metrics"] if not STANDARD_METRICS.match(name)]
    routes = ["/v1/"]
    return sorted({*services(), *metrics, *routes} - FIELD_WORDS)


@pytest.mark.parametrize("name", sample_names())
def test_seatrial_does_not_know(name: str) -> None:
    pattern = re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])")
    found = [
        f"{module.path.name}:{line}: {word[:60]}"
        for module in modules("seatrial")
        for word, line in module.words()
        if pattern.search(word)
    ]
    assert found == []


def test_the_kit_does_not_name_a_service() -> None:
    others = [name for name in services() if name != ISSUER]
    pattern = re.compile(rf"\b({'|'.join(others)})\b")
    found = [
        f"{module.path.name}:{line}: {word[:60]}"
        for module in modules("fleet/kit")
        for word, line in module.words()
        if pattern.search(word)
    ]
    assert found == []


def test_a_planted_name_is_seen() -> None:
    planted = Module(ROOT / "seatrial" / "planted.py", ast.parse('def check(payments): return "orders_total"'))
    assert {"payments", "orders_total"} <= {word for word, _ in planted.words()}

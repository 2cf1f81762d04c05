"""Data, not imports, joins the parts (ADR 0002)."""

import ast
import subprocess
import sys

import pytest
from source_tree import ROOT, Module, modules, services

OPENLOOP_MAY = {"locust", "gevent", "geventhttpclient", "yaml", "seatrial.openloop"}


def under(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offences(candidates: tuple[Module, ...], *forbidden: str) -> list[str]:
    return [
        f"{module.name} imports {name}" for module in candidates for name in module.imports() if under(name, *forbidden)
    ]


def test_seatrial_imports_nothing_of_the_sample() -> None:
    assert offences(modules("seatrial"), "fleet", "loadtests", "dashboards") == []


def test_dashboards_import_nothing_of_the_sample() -> None:
    assert modules("dashboards")
    assert offences(modules("dashboards"), "fleet", "loadtests") == []


def test_seatrial_knows_no_builder_of_dashboards() -> None:
    assert offences(modules("seatrial"), "grafana_foundation_sdk") == []


def test_the_kit_knows_no_service() -> None:
    assert offences(modules("fleet/kit"), *(f"fleet.{name}" for name in services()), "fleet.hooks", "seatrial") == []


@pytest.mark.parametrize("service", services())
def test_no_service_imports_another(service: str) -> None:
    others = [f"fleet.{name}" for name in services() if name != service]
    assert offences(modules(f"fleet/{service}"), *others, "fleet.hooks", "seatrial", "loadtests") == []


@pytest.mark.parametrize("heavy", ["numpy", "duckdb", "bokeh", "elasticsearch", "locust"])
def test_a_project_is_read_without_heavy_libraries(heavy: str) -> None:
    """Every verb reads it: each of them would be felt at each start."""
    script = (
        "import sys; from pathlib import Path; from seatrial.project.project import load_project; "
        f"load_project(Path('seatrial.yml')); sys.exit('{heavy}' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_only_openloop_imports_locust() -> None:
    outside = tuple(module for module in modules("seatrial") if not under(module.name, "seatrial.openloop"))
    assert offences(outside, "locust", "gevent", "geventhttpclient", "seatrial.openloop") == []


def test_openloop_stands_on_locust_yaml_and_the_standard_library() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules("seatrial/openloop")
        for name in module.imports()
        if name.split(".")[0] not in sys.stdlib_module_names and not under(name, *OPENLOOP_MAY)
    ]
    assert wrong == []


def test_loadtests_know_the_load_machinery_alone() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules("loadtests")
        for name in module.imports()
        if under(name, "fleet", "seatrial") and not under(name, "seatrial.openloop")
    ]
    assert wrong == []


def test_checks_and_statistics_do_no_io() -> None:
    pure = (*modules("seatrial/checks"), *modules("seatrial/statistics"))
    assert pure
    assert offences(pure, "requests", "duckdb", "socket", "subprocess", "pathlib.Path.open", "time") == []


@pytest.mark.parametrize(
    "line",
    [
        "import fleet.orders",
        "from fleet import orders",
        "from fleet.orders import app",
        "def late():\n    import fleet.orders",
    ],
)
def test_a_forbidden_import_is_seen(line: str) -> None:
    planted = Module(ROOT / "seatrial" / "planted.py", ast.parse(line))
    assert offences((planted,), "fleet") != []


def test_a_relative_import_is_seen() -> None:
    planted = Module(ROOT / "fleet" / "kit" / "planted.py", ast.parse("from ..orders import app"))
    assert offences((planted,), "fleet.orders") != []

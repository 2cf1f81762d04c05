"""What a newcomer may rely on: the same files everywhere, small modules, documented commands."""

import ast

import pytest
from source_tree import ROOT, Module, document, modules, services

SERVICE_FILES = {"__init__", "__main__", "app", "routes", "model", "store", "clients"}
# What only one service has.
OWN_FILES = {
    "activity": {"cql", "sql"},
    "gateway": {"home"},
    "orders": {"saga", "outbox"},
    "users": {"desk", "hashing", "keyring", "lookalikes", "oauth", "passwords", "signing"},
}
CODE = (*modules("fleet"), *modules("seatrial"), *modules("dashboards"), *modules("loadtests"))


@pytest.mark.parametrize("service", services())
def test_each_service_has_the_same_files(service: str) -> None:
    assert {path.stem for path in (ROOT / "fleet" / service).glob("*.py")} == SERVICE_FILES | OWN_FILES.get(
        service, set()
    )


def test_fleet_yml_and_folders_agree() -> None:
    folders = {path.parent.name for path in (ROOT / "fleet").glob("*/__main__.py")}
    assert folders == set(services())


def test_call_edges_name_services() -> None:
    edges = {callee for entry in document("fleet/fleet.yml")["services"].values() for callee in entry.get("calls", [])}
    assert edges <= set(services())


def reads_environment(module: Module) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} for node in ast.walk(module.tree))


def test_the_environment_is_read_in_settings_modules_only() -> None:
    assert [module.name for module in CODE if reads_environment(module) and module.path.stem != "settings"] == []


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return len(
        {node.lineno for statement in body for node in ast.walk(statement) if isinstance(node, ast.stmt | ast.expr)}
    )


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{module.name}.{node.name}: {code_lines(node)} lines"
        for module in CODE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_lines(node) > 40
    ]
    assert long == []


def test_modules_stay_small() -> None:
    assert [module.name for module in CODE if len(module.path.read_text().splitlines()) > 400] == []


FOLDERS = [
    "fleet",
    "fleet/kit",
    "fleet/hooks",
    "observability",
    "loadtests",
    "seatrial",
    "seatrial/alerts",
    "seatrial/objectives",
    "seatrial/panels",
    "seatrial/ship",
    "dashboards",
    "e2e",
    "tests",
    "benchmarks",
    "docs",
    "docs/adr",
    "docs/cli",
    "docs/how-to",
    "docs/reference",
    "deploy",
    "deploy/compose",
    "e2e/shop",
    "deploy/local-images",
    "deploy/local-images/cassandra",
    ".github/workflows",
    ".github/actions/trial",
    "deploy/secrets",
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_begins_with_its_verb(folder: str) -> None:
    title = (ROOT / folder / "README.md").read_text().splitlines()[0]
    assert title.startswith(f"# {folder}: ")
    assert len(title.split(": ", 1)[1].split()) >= 2


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150

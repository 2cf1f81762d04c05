"""Flask applications in a folder, found by reading its Python files: what `--command` could start.

Looks for an application at module level, and for a factory. Nothing is imported or run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED = frozenset({"tests", "test", "venv", "env", "node_modules", "site-packages", "build", "dist", "docs"})
FACTORIES = ("create_app", "make_app")
MOST_FILES = 2000
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """`target` is what Flask's and gunicorn's command lines take: `shop:create_app()` or `app:app`."""

    target: str
    file: Path

    @property
    def name(self) -> str:
        """A name for the service."""
        return self.target.split(":")[0].split(".")[0].replace("_", "-").lower()


def find_layouts(folder: Path) -> list[Layout]:
    """Applications, those nearest to `folder` first."""
    files = [file for _, file in zip(range(MOST_FILES), _python_files(folder), strict=False)]
    found = [layout for file in files for layout in _layouts(folder, file)]
    return sorted(found, key=lambda each: (len(each.file.parts), each.target))


def _python_files(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # not ours to read
        return
    for path in entries:
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_dir() and not path.is_symlink() and depth < DEEPEST:
            yield from _python_files(path, depth + 1)
        elif path.suffix == ".py":
            yield path


def _layouts(folder: Path, file: Path) -> Iterator[Layout]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    if "flask" not in {name.split(".")[0] for node in tree.body for name in _imported(node)}:
        return
    module = _module_name(file.relative_to(folder))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in FACTORIES and not _needs_arguments(node):
            yield Layout(f"{module}:{node.name}()", file)
        elif isinstance(node, ast.Assign) and _makes_flask(node.value):
            yield from (
                Layout(f"{module}:{target.id}", file) for target in node.targets if isinstance(target, ast.Name)
            )


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module


def _module_name(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _needs_arguments(function: ast.FunctionDef) -> bool:
    arguments = function.args
    needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return needed > 0 or any(default is None for default in arguments.kw_defaults)


def _makes_flask(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else None
    return getattr(called, "id", getattr(called, "attr", "")) == "Flask"

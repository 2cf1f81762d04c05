"""The dashboards of a project: copied, since people change them, into a new project or one that is there."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.init.writing import refuse_occupied, write_files

FOLDER = "dashboards"
KEYS = "grafana: observability/grafana # dashboards go there\nhooks: {dashboards: [python, -m, dashboards]}\n"
# What the hook needs besides Seatrial.
INSTALL = "pip install 'seatrial[dashboards]'"


def dashboard_files() -> dict[str, str]:
    """Text by path below a project's folder. In a wheel they are starters, in a checkout the sample's own."""
    return {
        f"{FOLDER}/{each.name}": each.read_text(encoding="utf-8")
        for each in sorted(_source().iterdir(), key=lambda entry: entry.name)
        if each.name.endswith(".py")
    }


def _source() -> Traversable:
    packaged = files("seatrial.init") / "starters" / FOLDER
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / FOLDER


def add_dashboards(root: Path, *, force: bool) -> list[str]:
    """Write them beside the seatrial.yml in `root`; returns what was written. Raises UsageError."""
    if not (root / "seatrial.yml").is_file():
        raise UsageError(f"{root} has no seatrial.yml. Name its services too (--service, --command).")
    texts = dashboard_files()
    refuse_occupied(root, list(texts), force=force)
    write_files(root, texts)
    return list(texts)

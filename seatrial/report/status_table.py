"""The status document as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # rich is imported when something is shown
    from rich.table import Table

MEGABYTE = 1_000_000


def status_table(document: Mapping[str, Any]) -> Table:
    """One row per replica, and one for each other process; title and caption say the rest."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=headline(document),
        caption=footline(document),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for column in ("name", "ready", "url", "admin", "main / worker"):
        table.add_column(column, no_wrap=True)
    for entry in document["services"]:
        ready = "[green]yes[/]" if entry["ready"] else "[red]no[/]"
        admin = ":" + entry["admin_url"].rpartition(":")[2]
        pids = f"{entry['main_pid'] or '-'} / {entry['worker_pid'] or '-'}"
        table.add_row(entry["instance"], ready, entry["url"], admin, pids)
    if document["prometheus"]:
        table.add_row("prometheus", "", document["prometheus"]["url"], "", str(document["prometheus"]["pid"] or "-"))
    if (told := document.get("alertmanager")) and told["url"]:
        table.add_row("alertmanager", "", told["url"], "", str(told["pid"] or "-"))
    if logs := document.get("elasticsearch"):
        table.add_row("elasticsearch", "", logs["url"] or "-", "", str(logs["pid"] or "-"))
        table.add_row("shipper", "", logs["shipper"]["metrics_url"], "", str(logs["shipper"]["pid"] or "-"))
    return table


def headline(document: Mapping[str, Any]) -> str:
    """Which run, and whether it runs."""
    state = document["state"] if document["running"] else "not running"
    return f"run {document['run']} ({document['kind']}): {state}"


def footline(document: Mapping[str, Any]) -> str:
    """Where to go, what it costs, and how far it may spread."""
    kinds = document.get("stores") or []
    # A file is one host's, and so are the replicas that share it.
    stores = (
        f"   stores {', '.join(kinds)}{': replicas on this host only' if 'sqlite' in kinds else ''}" if kinds else ""
    )
    memory = f"   resident memory {document['resident_bytes'] / MEGABYTE:.0f} MB"
    return f"entry {document['entry_url']}{stores}{memory}"

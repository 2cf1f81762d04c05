"""The fleet as a terminal shows it while it runs: a row per service.

Columns are set by hand: rich's Table takes 7 ms for seven services, each second, of the processor that the fleet shares.
"""

from __future__ import annotations

from rich.text import Text

from seatrial.checks.figures import figure
from seatrial.report.events import FleetSeen, ServiceSeen

TITLES = ("service", "ready", "req/s", "errors/s", "p95", "busy", "CPU", "memory")
# From here on a service has little left to give.
NEARLY_FULL = 0.8
NOT_KNOWN = "-"

Cell = tuple[str, str]


def fleet_table(seen: FleetSeen) -> Text:
    """Where Prometheus shows nothing, its obstacle stands under the table."""
    rows = [[(title, "dim") for title in TITLES], *(_cells(service) for service in seen.services)]
    widths = [max(len(row[column][0]) for row in rows) for column in range(len(TITLES))]
    lines = [_line(row, widths) for row in rows]
    if seen.obstacle:
        lines.append(Text(f"  {seen.obstacle}", style="yellow"))
    return Text("\n").join(lines)


def _line(row: list[Cell], widths: list[int]) -> Text:
    """Names to the left, figures to the right."""
    (name, style), *figures = row
    padded = [(f"{text:>{width + 2}}", kind) for (text, kind), width in zip(figures, widths[1:], strict=True)]
    return Text.assemble((f"  {name:<{widths[0]}}", style), *padded)


def _cells(service: ServiceSeen) -> list[Cell]:
    failing, full = bool(service.errors), (service.busy or 0) >= NEARLY_FULL
    return [
        (service.service, ""),
        _ready(service),
        _cell(service.rate, "{:.1f}"),
        _cell(service.errors, "{:.1f}", "bold red" if failing else "dim"),
        (figure(service.p95, "s") or NOT_KNOWN, ""),
        _cell(service.busy, "{:.0%}", "yellow" if full else ""),
        _cell(service.cpu, "{:.2f}"),
        (figure(service.resident_bytes, "bytes") or NOT_KNOWN, "dim"),
    ]


def _cell(value: float | None, form: str, style: str = "") -> Cell:
    return (NOT_KNOWN, "dim") if value is None else (form.format(value), style)


def _ready(service: ServiceSeen) -> Cell:
    if service.ready is None:
        return f"{NOT_KNOWN}/{service.replicas}", "dim"
    return f"{service.ready}/{service.replicas}", "green" if service.ready == service.replicas else "bold red"

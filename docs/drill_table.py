"""Writes docs/drills.md from what `seatrial drill --all --json FILE` left: `python docs/drill_table.py FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("drills.md")
LEAD = """# What fires when: every alert, drilled

Each row was done to a running fleet of the sample under a light load by `seatrial drill --all --with elasticsearch`, with a real Prometheus and Alertmanager; times
in seconds: from the deed until the alert fired and until the receiver was told, and from the undoing until it was over and the receiver had been told that too.
Other alerts that fired meanwhile are those that `observability/drills.yml` expects. How a drill goes: [seatrial drill](cli/drill.md).
The long windows of tickets, of hours and days, are proven in Prometheus's own evaluator alone (`e2e/test_burn_rates.py`, `e2e/test_alert_rules.py`).

| alert | where | done | fired | told | over | others |
|---|---|---|---|---|---|---|
"""


def row(drill: dict[str, Any]) -> str:
    """One drill that was proven."""
    if drill["verdict"] != "PASS":
        sys.exit(f"{drill['alert']} was not proven: {drill['reason']}")
    alert, times = drill["alert"], (drill[f"{name}_seconds"] for name in ("fired", "told", "ended"))
    others = sorted({each.split(" ")[0] for each in drill["also"]})
    cells = [
        f"[{alert}](runbooks/{alert}.md)",
        drill["service"] or "-",
        f"`{drill['deed']}`",
        *(f"{each:.1f}" for each in times),
    ]
    return f"| {' | '.join([*cells, ', '.join(others) or '-'])} |"


def main() -> None:
    """The page, whole."""
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    PAGE.write_text(LEAD + "\n".join(map(row, document["drills"])) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""summary.md: the verdict as a comment on a pull request; what went wrong is on top, the rest is folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seatrial.report import wording

MARKS = {"PASS": "\N{LARGE GREEN CIRCLE}", "FAIL": "\N{LARGE RED CIRCLE}", "INCONCLUSIVE": "\N{LARGE YELLOW CIRCLE}"}


def summary_markdown(document: Mapping[str, Any]) -> str:
    """The text of the file, from verdict.json."""
    parts = [f"## {MARKS[document['verdict']]} {_cell(wording.headline(document))}", _about(document)]
    if wording.loud(document):
        reasons = [(check["verdict"], f"`{check['name']}`", check["reason"]) for check in wording.loud(document)]
        parts.append(markdown_table(("verdict", "check", "reason"), reasons))
    return "\n\n".join([*parts, _folded(document)]) + "\n"


def _folded(document: Mapping[str, Any]) -> str:
    rows = [(check["verdict"], *wording.row(check)) for check in wording.measured(document)]
    figures = markdown_table(("verdict", "check", "measured", "95 % interval", "limit", "n"), rows)
    found = [(check["verdict"], check["name"], check["reason"]) for check in wording.stated(document)]
    statements = markdown_table(("verdict", "check", "found"), found)
    title = f"All {len(rows) + len(found)} checks"
    return f"<details><summary>{title}</summary>\n\n{figures}\n\n{statements}\n\n</details>"


def _about(document: Mapping[str, Any]) -> str:
    lines = [("run", f"`{document['run']}`, profile {document['profile']}, seed {document['seed']}")]
    return "\n".join(f"- **{name}** {_cell(text)}" for name, text in [*lines, *wording.facts(document)])


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as Markdown has them; what a cell may not hold is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("@", "&#64;")

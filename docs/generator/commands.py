"""The page about the command line, from the commands themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import typer

from docs.generator.markdown import block, code, page, sentence, table
from seatrial.cli.dispatch import VERBS, application
from seatrial.errors import Exit

WIDTH = 110
HEAD = ("argument or option", "default", "meaning")
MEANINGS: Mapping[Exit, str] = {
    Exit.PASS: "PASS, or simply done",
    Exit.FAIL: "FAIL",
    Exit.INCONCLUSIVE: "INCONCLUSIVE: it could not be told",
    Exit.HARNESS: "the harness itself failed",
    Exit.USAGE: "wrong usage: a flag, file, value, profile, service or run",
    Exit.INTERRUPTED: "interrupted by SIGINT, SIGTERM or SIGHUP",
}


def commands_page() -> str:
    """All verbs, their options, and the exit codes that they share."""
    group = typer.main.get_command(application())
    context = group.make_context("seatrial", [], resilient_parsing=True, terminal_width=WIDTH)
    return page(
        "The command line",
        "Every command, as `seatrial COMMAND --help` says it. Made from `seatrial/cli/`. How a command behaves, and why, is on its "
        "page in [docs/cli/](../cli/README.md). Words in capitals stand for something of yours.",
        block("text", group.get_usage(context)),
        "Before the command may stand:",
        table(HEAD, parameters(group, context)),
        *(part for verb in VERBS for part in command(group, context, verb)),
        "## Exit codes",
        "`make` turns every failure into 2: where the code matters, call `.venv/bin/seatrial`.",
        table(("code", "meaning"), ((str(int(each)), MEANINGS[each]) for each in Exit)),
    )


def command(group: Any, above: Any, verb: str) -> Iterator[str]:
    """One verb: what it does, examples, usage, parameters."""
    found = group.get_command(above, verb)
    context = found.make_context(verb, [], parent=above, resilient_parsing=True)
    yield f"## seatrial {verb}"
    yield from (sentence(paragraph) for paragraph in found.help.split("\n\n"))
    yield block("text", found.get_usage(context).removeprefix("Usage: "))
    yield block("sh", "\n".join(importlib.import_module(f"seatrial.cli.{verb}").EXAMPLES))
    yield table(HEAD, parameters(found, context))
    yield f"How it behaves: [docs/cli/{verb}.md](../cli/{verb}.md)."


def parameters(found: Any, context: Any) -> Iterator[Sequence[str]]:
    """Each argument and option that help shows."""
    for each in found.params:
        record = each.get_help_record(context)
        if record is not None and each.name != "help":
            yield code(record[0]), default(each), sentence(each.help)


def default(parameter: Any) -> str:
    """As it would be typed."""
    if parameter.required:
        return "**required**"
    value = parameter.default
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        names = parameter.opts if value else parameter.secondary_opts
        return code(names[0]) if names and parameter.secondary_opts else "-"
    return "-" if value is None or value in ("", (), []) else code(value)

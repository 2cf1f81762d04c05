"""Finds the verb, calls it, and maps every way it can end to an exit code (DESIGN section 6).

A verb is a module `seatrial.cli.<verb>` with a function of the same name, which returns an Exit or None for PASS,
and EXAMPLES for its help. Verb modules import heavy things inside functions, so that `--help` stays fast.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.errors import Exit, Interrupted, SeatrialError
from seatrial.settings import read_settings

VERBS = (
    "trial",
    "up",
    "down",
    "status",
    "restart",
    "load",
    "drill",
    "logs",
    "ship",
    "report",
    "render",
    "doctor",
    "install",
    "init",
)


def dispatch(arguments: Sequence[str], build: Callable[[], typer.Typer] | None = None) -> int:
    """The exit code of the command; everything that can be raised is told in one clear sentence."""
    try:
        result = typer.main.get_command((build or application)()).main(
            args=list(arguments), prog_name="seatrial", standalone_mode=False
        )
        return int(result or Exit.PASS)
    except typer.TyperException as error:  # a mistyped command, flag or value
        show_usage(error)
        return int(Exit.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return int(Exit.INTERRUPTED)
    except SeatrialError as error:
        tell(str(error))
        return int(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug of ours: promised to end in 3, and to say where to look
        if Interrupted.heard:
            return int(Exit.INTERRUPTED)
        tell(crash_report(error, debug="--debug" in arguments))
        return int(Exit.HARNESS)


def application() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        epilog=examples(["seatrial trial", "seatrial up --detach", "seatrial status"]),
    )
    app.callback()(common)
    for verb in VERBS:
        module = importlib.import_module(f"seatrial.cli.{verb}")
        app.command(verb, epilog=examples(module.EXAMPLES))(getattr(module, verb))
    return app


def examples(lines: Sequence[str]) -> str:
    """The end of a help text; the first line tells the formatter to keep the others apart."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def common(
    context: typer.Context,
    project: Annotated[Path | None, typer.Option(help="The seatrial.yml; default: found from here upwards.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback when Seatrial itself fails.")] = False,
) -> None:
    """Start a fleet with its observability, drive it with load, and judge it with evidence.

    Exit codes: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 the harness failed, 64 wrong usage, 130 interrupted.
    """
    del debug  # read where the crash is told
    context.obj = Invocation(project)


def show_usage(error: typer.TyperException) -> None:
    """Usage and message, where the error knows its command; typer names no class for those that do."""
    show = getattr(error, "show", None)
    if show is not None:
        show()
    else:
        tell(error.format_message())


def tell(sentence: str) -> None:
    """Say what went wrong, where it does not mix with what was asked for."""
    sys.stderr.write(f"seatrial: {sentence}\n")


def crash_report(error: Exception, *, debug: bool) -> str:
    """One sentence, and the traceback or the file that it was written to; a full disk is no bug."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"no space is left on the disk of {error.filename or 'the run'}: {error}. Free some, and start again."
    text = "".join(traceback.format_exception(error))
    sentence = f"failed by a bug of its own: {type(error).__name__}: {error}."
    if debug:
        return f"{sentence}\n{text}"
    try:
        folder = read_settings().cache_dir / "crashes"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        file.write_text(text, encoding="utf-8")
    except (OSError, SeatrialError):
        return f"{sentence}\n{text}"
    return f"{sentence} The traceback is in {file}; --debug prints it."

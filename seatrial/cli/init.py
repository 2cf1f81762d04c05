"""`seatrial init`: a first project for services that exist."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.cli.output import JsonFile, write_document
from seatrial.errors import UsageError

if TYPE_CHECKING:  # models and the stack are imported when there is something to look at
    from seatrial.init.layouts import Layout
    from seatrial.init.project import Done

EXAMPLES = (
    "seatrial init",
    "seatrial init --command 'web=gunicorn shop:app --bind {host}:{port}' --path /items --path /items/1",
    "seatrial init --service web=http://127.0.0.1:5000 --openapi /openapi.json",
    "seatrial init --service web=http://127.0.0.1:5000 --access-log access.log",
    "seatrial init --dashboards",
)
Many = list[str] | None


def init(  # noqa: PLR0913, PLR0917 - one argument per flag, as typer reads them
    context: typer.Context,
    service: Annotated[Many, typer.Option(metavar="NAME=URL", help="A service that runs already.")] = None,
    command: Annotated[
        Many, typer.Option(metavar="NAME=COMMAND", help="A service, and what starts it; {host} and {port} are filled.")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(metavar="NAME", help="The service that clients talk to; default: the first.")
    ] = None,
    calls: Annotated[Many, typer.Option(metavar="CALLER=CALLEE", help="Who calls whom; may be repeated.")] = None,
    metrics: Annotated[
        Many, typer.Option(metavar="NAME=PATH", help="Where its metrics are; a URL will do too.")
    ] = None,
    log: Annotated[Many, typer.Option(metavar="NAME=FILE", help="Its log: a file, stdout or stderr.")] = None,
    openapi: Annotated[
        str | None, typer.Option(help="Make the load from this: a file, a URL, or a path there.")
    ] = None,
    access_log: Annotated[str | None, typer.Option(metavar="FILE", help="Make the load from this file.")] = None,
    path: Annotated[Many, typer.Option(metavar="PATH", help="Ask this, as /items/1; may be repeated.")] = None,
    dashboards: Annotated[
        bool, typer.Option("--dashboards", help="Dashboards too; without services, into the project that is here.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: JsonFile = None,
) -> None:
    """Write a first project for services that exist.

    Looks at them, starting those with a command for a moment, and writes seatrial.yml, the files it names and a first
    load. Says what was taken and what was not. Asks on a terminal when no service is named.
    """
    from seatrial.init.probing import OverRequests
    from seatrial.init.project import make_project
    from seatrial.init.wishes import read_wishes

    invocation: Invocation = context.obj
    root = folder_of(invocation)
    if dashboards and not (service or command):
        print_added(root, force=force, json=json)
        return
    given: dict[str, Sequence[str]] = {
        "openapi": [openapi] if openapi else (),
        "access_log": [access_log] if access_log else (),
        "service": service or (),
        "command": command or (),
        "calls": calls or (),
        "metrics": metrics or (),
        "log": log or (),
        "path": path or (),
    }
    if not service and not command:
        given |= asked_for(root, source=not (openapi or access_log or path))
    wishes = read_wishes(given, entry=entry)
    out = sys.stderr if json == "-" else sys.stdout
    http = OverRequests()
    try:
        done = make_project(
            wishes,
            root,
            invocation.settings,
            http,
            lambda said: print(f"{said} ...", file=out, flush=True),
            force=force,
            dashboards=dashboards,
        )
    finally:
        http.close()
    if json is not None:
        write_document(done.document(), json)
    for line in report(done):
        print(line, file=out)


def print_added(root: Path, *, force: bool, json: str | None) -> None:
    """Add dashboards to a project, and say what its seatrial.yml needs."""
    from seatrial.init.dashboards import INSTALL, KEYS, add_dashboards

    added = add_dashboards(root, force=force)
    if json is not None:
        write_document({"files": added, "keys": KEYS, "next": [INSTALL, "seatrial render"]}, json)
    out = sys.stderr if json == "-" else sys.stdout
    told = [
        *_section("written", [f"  {file}" for file in added]),
        *_section(
            "write into seatrial.yml, where these keys are not there", [f"  {line}" for line in KEYS.splitlines()]
        ),
        *_section("next", [f"  {INSTALL}  # what they are built with", "  seatrial render  # writes Grafana's files"]),
    ]
    print("\n".join(told), file=out)


def folder_of(invocation: Invocation) -> Path:
    """Where the files go: beside the file that --project names, else here. Raises UsageError."""
    named = invocation.project_file
    if named is not None and named.name != "seatrial.yml":
        raise UsageError(f"--project names {named.name}; init writes a seatrial.yml. Name FOLDER/seatrial.yml.")
    folder = named.absolute().parent if named else Path.cwd()
    if not folder.is_dir():
        raise UsageError(f"{folder} does not exist. Make it, or name another folder.")
    return folder


def asked_for(root: Path, *, source: bool) -> Mapping[str, Sequence[str]]:
    """The services by a person's answers, and the `source` of the load. Raises UsageError where there is nobody to ask."""
    from seatrial.init.asking import ask_for, ask_for_source
    from seatrial.init.layouts import find_layouts

    layouts = find_layouts(root)
    if not sys.stdin.isatty():
        raise UsageError(nobody_to_ask(layouts))
    services = ask_for(prompt, layouts, gunicorn=has_gunicorn())
    return {**services, **(ask_for_source(prompt) if source else {})}


def prompt(question: str, default: str = "") -> str:
    """Ask on the terminal; the default may be nothing, which is then not shown."""
    return str(typer.prompt(question, default=default, show_default=bool(default)))


def has_gunicorn() -> bool:
    """Whether the interpreter that will start services has it."""
    import importlib.util

    return importlib.util.find_spec("gunicorn") is not None


def nobody_to_ask(layouts: Sequence[Layout]) -> str:
    """What is missing, with what could be meant."""
    from seatrial.init.asking import command_of

    missing = (
        "no service is named, and this is no terminal to ask on. Give --service NAME=URL or --command NAME=COMMAND"
    )
    if not layouts:
        return f"{missing}, as --command 'web=gunicorn app:app --bind {{host}}:{{port}}'."
    found, started = layouts[0], command_of(layouts[0], gunicorn=has_gunicorn())
    return f"{missing}. There is a Flask application in {found.file.name}: --command '{found.name}={started}'."


def report(done: Done) -> list[str]:
    """What a person reads: written, taken, not taken, the load, and what to do next."""
    taken = [f"  {each.service}: {each.what}" for each in done.remarks if each.taken]
    missed = [f"  {each.service}: {each.what}" for each in done.remarks if not each.taken]
    load = [
        f"  {each.method} {each.template}" + (f" (weight {each.weight})" if each.weight > 1 else "")
        for each in done.routes
    ]
    width = max(len(command) for command, _ in done.commands)
    left_out = [f"  {each.what}: {each.reason}" for each in done.left_out]
    return [
        *_section("taken", taken),
        *_section("not taken", missed),
        *_section(f"the load, from {done.source}", load),
        *_section("left out of the load", left_out),
        *_section("written", [f"  {file}" for file in done.files]),
        *_section("next", [f"  {command:<{width}}  # {reason}" for command, reason in done.commands]),
    ]


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *lines] if lines else []

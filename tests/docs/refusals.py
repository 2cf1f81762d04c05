"""Whether a documented command could be typed: held against the real parsers, and nothing is run."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from written import ROOT, Change

from seatrial.cli.dispatch import application
from seatrial.cli.up import parse_replicas
from seatrial.errors import UsageError
from seatrial.faults import parse_fault
from seatrial.load.profile import find_profile
from seatrial.project.fleet_checks import load_fleet

# Programs of the system, known to be what they are; their arguments are the page's matter.
SYSTEM = {".", "cat", "cd", "git", "ls", "brew"}
VERB = re.compile(r"^([a-z][a-z0-9-]*):", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """What may be named: the sample's, and what the page adds to it."""

    services: Collection[str]
    profiles: Collection[str]
    files: Collection[str] = field(default=())

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Names:
        added = [Path(change.file) for change in changes]
        profiles = [
            path.stem
            for path in [*(ROOT / "loadtests/profiles").glob("*.yml"), *added]
            if path.parent.name == "profiles"
        ]
        own = [path.parent.name for path in added if path.name == "__main__.py"]
        return cls(
            [*load_fleet(ROOT / "fleet" / "fleet.yml").services, *own], profiles, [path.as_posix() for path in added]
        )


def refusal(words: Sequence[str], names: Names) -> str | None:
    """Why the command is none; None when it could be typed."""
    program, *arguments = words
    if program in SYSTEM:
        return None
    parse = PARSERS.get(program)
    return f"no program {program!r} is known here" if parse is None else parse(arguments, names)


def _seatrial(arguments: Sequence[str], names: Names) -> str | None:
    group = typer.main.get_command(application())
    try:
        above = group.make_context("seatrial", list(arguments))
        if not above._protected_args:
            return "it names no verb"
        verb, command, rest = group.resolve_command(above, [*above._protected_args, *above.args])
        given = command.make_context(verb, rest, parent=above).params
        return _misnamed(given, names)
    except typer.Exit:  # --help
        return None
    except typer.TyperException as error:
        return error.format_message() or "it says nothing"  # without arguments help is shown instead
    except UsageError as error:
        return str(error)


def _misnamed(given: Mapping[str, Any], names: Names) -> str | None:
    """A value that parses and names nothing. Raises UsageError likewise."""
    for fault in given.get("fault") or ():
        parse_fault(fault, names.services)
    parse_replicas(list(given.get("replicas") or ()), list(names.services))
    if given.get("profile") not in {None, *names.profiles}:
        find_profile(given["profile"], ROOT / "loadtests" / "profiles")
    service = given.get("service")
    unknown = isinstance(service, str) and service not in names.services  # init's is a list, of services to come
    return f"there is no service {service!r}" if unknown else None


def _make(arguments: Sequence[str], _: Names) -> str | None:
    verbs = VERB.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    unknown = [each for each in arguments if "=" not in each and each not in verbs]
    return f"make has no {', '.join(unknown)}" if unknown else None


def _locust(arguments: Sequence[str], names: Names) -> str | None:
    """Held against the text of Locust's parser: importing Locust would patch this whole process."""
    (folder,) = importlib.util.find_spec("locust").submodule_search_locations  # type: ignore[union-attr] # it is locked
    known = set(re.findall(r'"(--?[a-z][a-z-]*)"', Path(folder, "argument_parser.py").read_text(encoding="utf-8")))
    unknown = [each for each in arguments if each.startswith("-") and each not in known]
    files = [file for option, file in pairwise(arguments) if option in {"-f", "--locustfile"}]
    missing = [file for file in files if file not in names.files and not (ROOT / file).is_file()]
    wrong = [*(f"locust does not take {each}" for each in unknown), *(f"there is no {file}" for file in missing)]
    return wrong[0] if wrong else None


def _python(arguments: Sequence[str], _: Names) -> str | None:
    if arguments[:1] == ["-c"]:
        compile(arguments[1], "<documented>", "exec")
        return None
    if arguments[:1] == ["-m"]:
        return None if importlib.util.find_spec(arguments[1]) else f"there is no module {arguments[1]}"
    return None if (ROOT / arguments[0]).is_file() else f"there is no {arguments[0]}"


def _pytest(arguments: Sequence[str], names: Names) -> str | None:
    missing = [each for each in arguments if "/" in each and each not in names.files and not (ROOT / each).exists()]
    return f"there is no {', '.join(missing)}" if missing else None


PARSERS: Mapping[str, Callable[[Sequence[str], Names], str | None]] = {
    "seatrial": _seatrial,
    "make": _make,
    "locust": _locust,
    "python": _python,
    "pytest": _pytest,
}

"""What `seatrial init` was asked for, by flags or on a terminal, as one frozen value.

Owns reading NAME=VALUE pairs and refusing what contradicts itself. Leaves looking at services to `looking`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from seatrial.errors import UsageError

NAME = re.compile(r"^[a-z][a-z0-9-]*$")
ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Wish:
    """One service: where it runs (`url`), how it is started (`command`), or both.

    `metrics` is a path or a URL, `log` a file or, of a command, `stdout` or `stderr`; None to look for them.
    """

    name: str
    url: str | None = None
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    metrics: str | None = None
    log: str | None = None
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of it. `openapi` and `access_log` are files or URLs; `paths` are asked where there is neither."""

    services: tuple[Wish, ...]
    entry: str
    openapi: str | None = None
    access_log: str | None = None
    paths: tuple[str, ...] = ()

    @property
    def starts(self) -> bool:
        """Whether Seatrial starts the services; otherwise they run already."""
        return all(wish.command for wish in self.services)

    @property
    def first(self) -> Wish:
        """The entry."""
        return next(wish for wish in self.services if wish.name == self.entry)


def read_wishes(given: Mapping[str, Sequence[str]], *, entry: str | None = None) -> Wishes:
    """From flags: `given` maps service, command, metrics, log, calls, path, openapi and access_log to what was typed.

    Raises UsageError.
    """
    urls = _pairs("--service", given.get("service", ()), "NAME=URL")
    commands = _pairs("--command", given.get("command", ()), "NAME=COMMAND")
    names = list(dict.fromkeys([*urls, *commands]))
    about = {flag: _pairs(f"--{flag}", given.get(flag, ()), shape) for flag, shape in ABOUT.items()}
    for flag, pairs in about.items():
        _refuse_strangers(f"--{flag}", pairs, names)
    calls = _calls(given.get("calls", ()), names)
    services = tuple(
        _wish(
            name,
            urls.get(name),
            _words(name, commands[name]) if name in commands else (),
            {flag: pairs.get(name) for flag, pairs in about.items()},
            calls.get(name, ()),
        )
        for name in names
    )
    _refuse_none(services)
    _refuse_mixed(services)
    _refuse_strangers("--entry", [entry] if entry else [], names)
    paths = tuple(_path(each) for each in given.get("path", ()))
    openapi, access_log = (next(iter(given.get(flag, ())), None) for flag in ("openapi", "access_log"))
    if openapi and access_log:
        raise UsageError("--openapi and --access-log are both given. Choose the one that the first load is made from.")
    return Wishes(services, entry or names[0], openapi, access_log, paths)


ABOUT = {"metrics": "NAME=PATH or NAME=URL", "log": "NAME=FILE"}


def is_here(url: str) -> bool:
    """Whether it is an address of this machine's own: nothing else is looked at."""
    return (urlsplit(url).hostname or "") in HERE


def _pairs(flag: str, texts: Iterable[str], shape: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise UsageError(f"{flag} {text!r} is not understood. Write {shape}.")
        if not NAME.match(name):
            raise UsageError(f"{flag} names {name!r}. A service's name has small letters, digits and '-'.")
        if name in pairs:
            raise UsageError(f"{flag} is given twice for {name}. Keep one of them.")
        pairs[name] = value.strip()
    return pairs


def _url(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment:
        raise UsageError(f"--service {name}={text} is no address. Write it as http://127.0.0.1:5000.")
    return text.rstrip("/")


def _wish(
    name: str, url: str | None, words: Sequence[str], about: Mapping[str, str | None], calls: tuple[str, ...]
) -> Wish:
    """Words before the program that are assignments, as a shell has them, are its environment."""
    begin = next((place for place, word in enumerate(words) if not ASSIGNMENT.match(word)), len(words))
    variables = tuple((variable, value) for variable, _, value in (word.partition("=") for word in words[:begin]))
    if words and begin == len(words):
        raise UsageError(f"--command {name}={' '.join(words)} sets variables and starts nothing. Add the program.")
    return Wish(name, _url(name, url), tuple(words[begin:]), variables, about["metrics"], about["log"], calls)


def _words(name: str, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--command {name}={text} cannot be split into words: {error}. Close the quotes.") from error
    return words[1:] if words[0] == "env" else words


def _calls(texts: Iterable[str], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    calls: dict[str, tuple[str, ...]] = {}
    for text in texts:
        caller, _, callees = text.partition("=")
        listed = tuple(callee.strip() for callee in callees.split(",") if callee.strip())
        if not listed:
            raise UsageError(f"--calls {text!r} is not understood. Write CALLER=CALLEE, or CALLER=ONE,ANOTHER.")
        _refuse_strangers("--calls", [caller, *listed], names)
        calls[caller] = (*calls.get(caller, ()), *listed)
    return calls


def _path(text: str) -> str:
    if not text.startswith("/") or " " in text:
        raise UsageError(f"--path {text!r} is no path. Write it as /items/1.")
    return text


def _refuse_strangers(flag: str, asked: Iterable[str], names: Sequence[str]) -> None:
    for name in asked:
        if name not in names:
            raise UsageError(f"{flag} names {name!r}, which is no service. Known are: {', '.join(names) or 'none'}.")


def _refuse_none(services: Sequence[Wish]) -> None:
    if not services:
        raise UsageError(
            "no service is named. Say where one runs (--service web=http://127.0.0.1:5000) or how it is started "
            "(--command 'web=gunicorn app:app --bind {host}:{port}')."
        )


def _refuse_mixed(services: Sequence[Wish]) -> None:
    """A trial starts all services or none."""
    without_command = [wish.name for wish in services if not wish.command]
    without_url = [wish.name for wish in services if not wish.url]
    if without_command and without_url:
        raise UsageError(
            f"{', '.join(without_command)} runs already and {', '.join(without_url)} is to be started; a trial does "
            "one or the other. Give every service a --command, or every one a --service URL."
        )

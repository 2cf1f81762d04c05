"""Whether the shell of a step could be run: its commands are held against the tree, the locks and the real parsers, and none is run."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml
from automation import ROOT
from refusals import Names, refusal

HEREDOC = re.compile(r"<<-?\s*'?(\w+)'?\n.*?\n\s*\1(?=\n|$)", re.DOTALL)
KEYWORDS = {"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "exec", "{", "}"}
SETTING = re.compile(r"^[A-Za-z_]\w*=")
# What GitHub's Ubuntu has, and what is the shell's own.
SYSTEM = {"for", "gh", "python3"}
# What a step or the one before it makes.
MADE = ("runs/", "dist/", "sbom/", ".tools/", ".venv/")
GATE = ".github/actions/trial/gate.sh"
# The programs of packages, where these are called otherwise.
TOOLS = {"cyclonedx-py": "cyclonedx-bom"}
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE | re.IGNORECASE)
SAMPLE = Names.of([])


def commands(script: str) -> list[list[str]]:
    """Each simple command as words: without assignments, keywords, redirections and here-documents."""
    lexer = shlex.shlex(HEREDOC.sub("\n", script.replace("\\\n", " ")), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    redirected = False
    for token in lexer:
        if set(token) <= set("<>&") and set(token) & set("<>"):
            redirected = True
        elif set(token) <= set("();<>|&\n"):
            found.append([])
        elif redirected:
            redirected = False
        elif found[-1] or not (token in KEYWORDS or SETTING.match(token)):
            found[-1].append(token)
    return [words for words in found if words]


def refused(words: Sequence[str]) -> str | None:
    """Why a runner could not run it; None when it could."""
    program, *arguments = words
    missing = [each for each in arguments if is_path(each) and not (ROOT / each).exists()]
    if missing:
        return f"there is no {missing[0]}"
    if program in {GATE, ".venv/bin/seatrial"}:
        return refusal(["seatrial", *arguments], SAMPLE)
    if program.startswith(".github/"):
        return None if os.access(ROOT / program, os.X_OK) else f"{program} cannot be run"
    known = {"make": _make, "docker": _compose}.get(program)
    if known:
        return known(arguments)
    return None if program in SYSTEM else _installed(program)


def _make(arguments: Sequence[str]) -> str | None:
    unknown = [each for each in arguments if "=" not in each and each not in targets()]
    return f"make has no {unknown[0]}" if unknown else None


def is_path(word: str) -> bool:
    """Something of the tree, by its looks; a pattern or a variable may be anything."""
    looks = "/" in word or re.search(r"\.(lock|toml|yml|txt|in)$", word)
    return bool(looks) and not re.match(r"^[-/$~]", word) and not set(word) & set("*${:=") and not word.startswith(MADE)


@cache
def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^(\w+) :?= (.*)$", makefile, re.MULTILINE))
    names = re.findall(r"^(\S+):(?!=)", makefile, re.MULTILINE)
    return {re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], name) for name in names}


def _compose(arguments: Sequence[str]) -> str | None:
    file = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    known = {profile for service in file["services"].values() for profile in service.get("profiles", [])}
    asked = {after for before, after in pairwise(arguments) if before == "--profile"}
    return f"docker-compose.yml has no profile {', '.join(asked - known)}" if asked - known else None


def _installed(program: str) -> str | None:
    path = Path(program)
    places = {".venv/bin": ROOT / "requirements.lock", ".tools/bin": ROOT / "requirements-setup.lock"}
    lock = places.get(path.parent.as_posix(), ROOT / ".github" / "requirements.lock")
    if path.parent.as_posix() not in {*places, ".tools/workflows/bin"}:
        return f"no program {program!r} is known here"
    package = owner(path.name) if path.parent.as_posix() == ".venv/bin" else TOOLS.get(path.name, path.name)
    locked = {name.lower() for name in PINNED.findall(lock.read_text(encoding="utf-8"))}
    return None if package.lower() in locked else f"{lock.name} installs no {path.name}"


@cache
def owner(program: str) -> str:
    """The package that brings a program into this environment; empty when none does."""
    for package in importlib.metadata.distributions():
        if any(file.name == program and file.parent.name == "bin" for file in package.files or []):
            return str(package.metadata["Name"])
    return ""

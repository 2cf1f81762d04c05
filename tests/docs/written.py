"""What the documentation tells people to type, and the files and changes it shows, read from its Markdown.

The convention: a command stands in a fenced `sh` block, one per line, `# ...` behind it says what comes of it. A block whose first
line is `# some/file` is that file; a `diff` block changes the file after `+++`, its hunks set apart by `@@`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"sh", "text", "yaml", "json", "python", "diff"}
FENCE = re.compile(r"^\s*```(\S*)\s*$")
FILE = re.compile(r"^# ([\w./-]+\.\w+)$")
SETTING = re.compile(r"^[A-Z_]+=")
# What a person types stands for something of theirs; these stand for it in the sample.
STAND_INS = {
    "SERVICE": "orders",
    "TRACE_ID": "0af7651916cd43dd8448eb211c80319c",
    "URL": "http://127.0.0.1:8000",
    "RUN_ID": "20261123-024501-a1b2",
}
# A block of output belongs to the commands at most this many lines above it.
NEAR = 3
TYPED = re.compile(
    r"^(    |\t)\s*(\$ )?([A-Z_]+=\S+ )*(\.venv/bin/)?(seatrial|make|locust|pytest|python|python3 -m) \S"
)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """`words` as a shell would split them, without the folder of the environment; `note` is the comment behind.

    `shown` are the lines that the page shows of its output, in a `text` block right below.
    """

    page: str = field(compare=False)
    line: int = field(compare=False)
    words: tuple[str, ...]
    settings: tuple[str, ...] = ()
    note: str = field(default="", compare=False)
    shown: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        return shlex.join([*self.settings, *self.words])

    def of_the_sample(self) -> tuple[str, ...]:
        """With the sample's names where capitals stand."""
        return tuple(re.sub(r"\b(" + "|".join(STAND_INS) + r")\b", _stand_in, word) for word in self.words)


def _stand_in(found: re.Match[str]) -> str:
    return STAND_INS[found[0]]


@dataclass(frozen=True)
class Change:
    """A whole file, or pairs of what stands there and what shall."""

    file: str
    text: str = ""
    hunks: tuple[tuple[str, str], ...] = ()

    def apply(self, root: Path) -> None:
        """Into the tree at `root`; a hunk whose place is not there, or there twice, is an AssertionError."""
        file = root / self.file
        if not self.hunks:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")
            return
        text = file.read_text(encoding="utf-8")
        for before, after in self.hunks:
            assert text.count(before) == 1, f"{self.file} has this {text.count(before)} times, not once:\n{before}"
            text = text.replace(before, after)
        file.write_text(text, encoding="utf-8")


def pages() -> list[str]:
    """All pages that tell people what to do; decisions and history tell what was."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *(
            path
            for name in ("fleet", "loadtests", "seatrial", "e2e", "tests", "benchmarks", "observability")
            for path in ROOT.glob(f"{name}/**/*.md")
        ),
    ]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [name for name in names if name != "CHANGELOG.md" and not name.startswith("docs/adr/0")]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks, in order."""
    language, begun, lines = "", 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and not begun:
            language, begun, lines = fence[1], number, []
        elif fence:
            yield Block(language, "\n".join(lines) + "\n", begun)
            begun = 0
        elif begun:
            lines.append(line)
    assert not begun, f"the block of line {begun} has no end"


def commands(page: str, text: str) -> list[Command]:
    """Every command of a page, in order."""
    found = list[Command]()
    end = -NEAR  # of the last `sh` block
    for block in blocks(text):
        lines = block.text.splitlines()
        if block.language == "sh":
            typed = [
                (number, line) for number, line in enumerate(lines, block.line + 1) if line.strip() and line[0] != "#"
            ]
            found += [_command(page, number, line) for number, line in typed]
            end = block.line + len(lines) + 1
        elif block.language == "text" and block.line - end <= NEAR:
            found[-1] = replace(found[-1], shown=tuple(line for line in lines if line.strip(" .")))
    return found


def _command(page: str, line: int, text: str) -> Command:
    words = shlex.split(text, comments=True)
    settings = [word for word in words if SETTING.match(word)][: _leading(words)]
    program, *arguments = words[len(settings) :]
    _, _, note = text.partition(" # ")
    return Command(page, line, (program.removeprefix(".venv/bin/"), *arguments), tuple(settings), note.strip())


def _leading(words: list[str]) -> int:
    return next((index for index, word in enumerate(words) if not SETTING.match(word)), len(words))


def changes(text: str) -> list[Change]:
    """The files and changes that a page shows, in order."""
    return [found for block in blocks(text) if (found := _change(block)) is not None]


def _change(block: Block) -> Change | None:
    first, _, rest = block.text.partition("\n")
    if block.language == "diff":
        return Change(first.removeprefix("+++ "), hunks=tuple(_hunk(part) for part in re.split(r"(?m)^@@\n", rest)))
    named = FILE.match(first)
    # A page shows the path above the file; the file itself begins below it.
    return Change(named[1], rest) if named and block.language in {"python", "yaml"} else None


def _hunk(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    before, after = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in marks) for marks in (" -", " +"))
    return before, after


def astray(text: str) -> list[str]:
    """Blocks that break the convention, and commands outside of `sh` blocks, where no test would see them."""
    fenced = {number for block in blocks(text) for number in range(block.line, block.line + block.text.count("\n") + 1)}
    loose = [
        line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in fenced and TYPED.match(line)
    ]
    return loose + [
        f"a block in {block.language or 'no language'}" for block in blocks(text) if block.language not in LANGUAGES
    ]

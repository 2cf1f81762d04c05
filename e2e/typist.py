"""Types the commands of a page one after the other, as a reader would, and says what did not come out as the page has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from checkout import Checkout, Done
from written import STAND_INS, Command

from seatrial.settings import read_settings
from seatrial.stacks.ports import PortLocks

TABLE: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("documented.yml").read_text())
CODES = {"FAIL": 1, "INCONCLUSIVE": 2}
ON_A_STACK = {"status", "restart", "load", "logs", "down"}
RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
NUMBER = re.compile(r"\d[\d.,]*( \d{3}\b)*")


def key(command: Command) -> str:
    """What the table calls it."""
    return " ".join(command.of_the_sample())


def needs_a_stack(command: Command) -> bool:
    program, *arguments = command.words
    return program == "locust" or (program == "seatrial" and bool(ON_A_STACK & {*arguments}))


def reads_a_run(command: Command) -> bool:
    return "report" in command.words or any("runs/latest" in word for word in command.words)


def takes_minutes(command: Command) -> bool:
    """Trials, whatever else starts a fleet of its own, and benchmarks."""
    return bool({"trial", "up", "drill"} & {*command.words}) or any(
        word.startswith("benchmarks/") for word in command.words
    )


@dataclass
class Typist:
    """Has a stack up whenever a command asks one of it; `stack` is its status."""

    checkout: Checkout
    stack: dict[str, Any] | None = None

    def type(self, command: Command) -> list[str]:
        """What is wrong with what came of it; nothing when all is as the page says."""
        if needs_a_stack(command) and self.stack is None:
            self.up("--replicas", "orders=2")
        elif not needs_a_stack(command):
            self.down()
        words, row = self.own(command.of_the_sample()), TABLE["until"].get(key(command))
        with free_ports(command.settings) as settings:
            if row:
                done, expected = self.checkout.until(row["shows"], words, settings), int(row["ends"])
            else:
                done, expected = self.checkout.run(words, settings), promised(command)
                if done.code == CODES["INCONCLUSIVE"] != expected:  # the machine kept the load from its plan: once more
                    done = self.checkout.run(words, settings)
        self.look(words)
        return [f"{command.text}: {wrong}" for wrong in self.wrong(command, done, expected)]

    def wrong(self, command: Command, done: Done, expected: int) -> list[str]:
        found = [] if done.code == expected else [f"ends in {done.code}, not {expected}:\n{done.output}"]
        found += [f"does not show {line!r}:\n{done.output}" for line in unseen(command.shown, done.output)]
        named = re.match(r"FAIL: ([a-z][a-z.-]+)", command.note)
        if named and not any(name.startswith(named[1]) for name in self.failed()):
            found.append(f"no {named[1]} failed, but {self.failed()}")
        return found

    def failed(self) -> list[str]:
        """The checks that failed in the latest run."""
        file = self.checkout.root / "runs" / "latest" / "verdict.json"
        document = json.loads(file.read_text()) if file.is_file() else {"checks": []}
        return [check["name"] for check in document["checks"] if check["verdict"] == "FAIL"]

    def own(self, words: Sequence[str]) -> list[str]:
        """With the stack's address and run, or the latest run, where the page has others."""
        latest = self.checkout.root / "runs" / "latest"
        stack = self.stack or {"entry_url": STAND_INS["URL"], "run": latest.resolve().name}
        return [RUN.sub(str(stack["run"]), word).replace(STAND_INS["URL"], str(stack["entry_url"])) for word in words]

    def up(self, *arguments: str) -> None:
        done = self.checkout.run(["seatrial", "up", "--detach", *arguments])
        assert done.code == 0, done.output
        self.look(["seatrial", "up", "--detach"])

    def look(self, words: Sequence[str]) -> None:
        """See whether the command has left a stack, or ended the one there was."""
        if words[:1] == ["seatrial"] and {"up", "down"} & {*words}:
            done = self.checkout.run(["seatrial", "status", "--json", "-"])
            self.stack = json.loads(done.output) if done.code == 0 else None

    def down(self) -> None:
        if self.stack is not None:
            self.checkout.run(["seatrial", "down", str(self.stack["run"])])
            self.stack = None


@contextmanager
def free_ports(settings: Sequence[str]) -> Iterator[list[str]]:
    """The settings with the page's ports where they are free, else others: a stack beside this test may have them."""
    ports = PortLocks(read_settings().runtime_dir / "ports", "typist")
    try:
        pairs = [setting.split("=", 1) for setting in settings]
        yield [f"{name}={ports.take([int(value)]) if name.endswith('_PORT') else value}" for name, value in pairs]
    finally:
        ports.release()


def promised(command: Command) -> int:
    """The exit code by the table, or by what the page says of the verdict."""
    return int(TABLE["ends"].get(key(command), CODES.get(command.note.partition(":")[0], 0)))


def unseen(shown: Sequence[str], output: str) -> list[str]:
    """Lines that the page shows and the output has not, whatever the numbers and the spaces; `...` may cut a line's end."""
    seen = [shape(line) for line in output.splitlines()]
    return [line for line in shown if not any(like(line, each) for each in seen)]


def like(shown: str, seen: str) -> bool:
    begin, cut, _ = shape(shown).partition(" ...")
    return seen.startswith(begin) if cut else seen == begin


def shape(line: str) -> str:
    """Milliseconds or seconds is a number's matter, too."""
    return " ".join(NUMBER.sub("0", RUN.sub("RUN", line)).replace("0 ms", "0 s").split())

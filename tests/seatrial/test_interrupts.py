"""What becomes of an interruption that comes at a bad moment; each case is a process of its own, as signals are."""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import os, signal, sys, threading, time, weakref
from pathlib import Path
from seatrial import interrupts
from seatrial.errors import Interrupted
from seatrial.stacks import processes

def told(number=signal.SIGINT):
    os.kill(os.getpid(), number)
    for _ in range(1000): pass  # Python heeds a signal between two of its instructions

def patiently():
    until = time.monotonic() + 5
    while time.monotonic() < until:
        time.sleep(0.05)

interrupts.listen()
"""


def outcome(script: str) -> str:
    """What it printed last: `interrupted by` whom, or what it came to without."""
    ending = """
except Interrupted as error:
    print(f"interrupted by {error}")
else:
    print("never interrupted")
"""
    whole = PRELUDE + "try:\n" + textwrap.indent(textwrap.dedent(script).strip(), "    ") + ending
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_comes_at_once(ending: str) -> None:
    assert outcome(f"told(signal.{ending})") == f"interrupted by {ending}"


def test_one_lost_in_a_finalizer_comes_again() -> None:
    script = """
        class Ending:
            def __del__(self): told()
        Ending()
        patiently()
        """
    assert outcome(script).startswith("interrupted by")


def test_one_lost_in_the_callback_of_a_weak_reference_comes_again() -> None:
    script = """
        class Thing: pass
        thing = Thing()
        reference = weakref.ref(thing, lambda _: told())
        del thing
        patiently()
        """
    assert outcome(script).startswith("interrupted by")


def test_one_lost_twice_comes_a_third_time() -> None:
    script = """
        class Ending:
            def __del__(self): told()
        class Lasting:
            def __del__(self):
                until = time.monotonic() + 0.2
                while time.monotonic() < until: pass
        Ending(); Lasting()
        patiently()
        """
    assert outcome(script).startswith("interrupted by")


def test_one_that_comes_while_a_child_is_started_waits_until_it_has_been() -> None:
    script = """
        os.register_at_fork(after_in_parent=told)
        output = Path(os.devnull)
        processes.start("child", ["true"], environment={}, cwd=Path("/"), output=output)
        """
    assert outcome(script) == "interrupted by SIGINT"


def test_one_that_is_put_off_comes_when_the_outermost_block_ends() -> None:
    script = """
        with interrupts.held():
            with interrupts.held():
                told(signal.SIGTERM)
            print("inner", end=" ")
        """
    assert outcome(script) == "inner interrupted by SIGTERM"


def test_what_else_is_lost_is_printed_as_ever() -> None:
    script = (
        PRELUDE
        + """
class Failing:
    def __del__(self): raise ZeroDivisionError("by nought")
Failing()
"""
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert "ZeroDivisionError: by nought" in done.stderr


def test_when_ignored_none_does_anything() -> None:
    script = """
        interrupts.ignore()
        for each in (*interrupts.ENDING_SIGNALS, signal.SIGALRM): told(each)
        """
    assert outcome(script) == "never interrupted"

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer

from seatrial.cli.dispatch import dispatch
from seatrial.errors import ConfigError, Exit, HookError, Interrupted, SeatrialError, StackError, UsageError


def returning(code: Exit | None) -> Callable[[], Exit | None]:
    return lambda: code


def raising(error: BaseException) -> Callable[[], Exit | None]:
    def fail() -> Exit | None:
        raise error

    return fail


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEATRIAL_CACHE_DIR", str(tmp_path))
    return tmp_path


def run(arguments: list[str], verb: Callable[[], Exit | None]) -> int:
    def build() -> typer.Typer:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

        @app.callback()
        def common(*, debug: Annotated[bool, typer.Option("--debug")] = False) -> None:
            del debug

        @app.command("go")
        def go(number: Annotated[int, typer.Option()] = 1) -> Exit | None:
            del number
            return verb()

        return app

    return dispatch(arguments, build)


@pytest.mark.parametrize(
    "arguments, verb, code",
    [
        pytest.param(["go"], returning(None), 0, id="nothing to say"),
        pytest.param(["go"], returning(Exit.PASS), 0, id="PASS"),
        pytest.param(["go"], returning(Exit.FAIL), 1, id="FAIL"),
        pytest.param(["go"], returning(Exit.INCONCLUSIVE), 2, id="INCONCLUSIVE"),
        pytest.param(["go"], raising(HookError("x")), 2, id="a hook gave no answer"),
        pytest.param(["go"], raising(SeatrialError("x")), 3, id="the harness failed"),
        pytest.param(["go"], raising(StackError("x")), 3, id="the stack does not start"),
        pytest.param(["go"], raising(ZeroDivisionError("x")), 3, id="a bug"),
        pytest.param(["go"], raising(OSError(28, "No space left")), 3, id="the system refuses"),
        pytest.param(["go"], raising(UsageError("x")), 64, id="wrong usage"),
        pytest.param(["go"], raising(ConfigError("x", file=Path("a.yml"))), 64, id="a wrong file"),
        pytest.param(["stay"], returning(None), 64, id="unknown verb"),
        pytest.param(["go", "--fast"], returning(None), 64, id="unknown flag"),
        pytest.param(["go", "--number", "one"], returning(None), 64, id="wrong value"),
        pytest.param(["go", "--number"], returning(None), 64, id="no value"),
        pytest.param(["go", "away"], returning(None), 64, id="one word too many"),
        pytest.param([], returning(None), 64, id="no verb"),
        pytest.param(["--help"], returning(None), 0, id="help"),
        pytest.param(["go", "--help"], returning(None), 0, id="help of a verb"),
        pytest.param(["go"], raising(Interrupted("SIGTERM")), 130, id="SIGTERM"),
        pytest.param(["go"], raising(KeyboardInterrupt()), 130, id="Ctrl-C"),
    ],
)
def test_every_ending_has_its_exit_code(arguments: list[str], verb: Callable[[], Exit | None], code: int) -> None:
    assert run(arguments, verb) == code


def test_no_exception_handler_swallows_an_interruption() -> None:
    assert not issubclass(Interrupted, Exception)


def test_an_interruption_that_a_library_made_something_else_of_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interrupted, "heard", True)
    assert run(["go"], raising(ValueError("while building: Interrupted: SIGINT"))) == 130


def test_what_went_wrong_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    run(["go"], raising(UsageError("there is no profile 'x'.")))
    assert capsys.readouterr().err == "seatrial: there is no profile 'x'.\n"


def test_a_bug_leaves_its_traceback_in_a_file(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["go"], raising(ZeroDivisionError("by nought")))
    said = capsys.readouterr().err
    (report,) = (cache / "crashes").iterdir()
    assert "ZeroDivisionError: by nought" in said
    assert str(report) in said
    assert "Traceback" not in said
    assert "in fail" in report.read_text()


def test_a_full_disk_is_no_bug(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["go"], raising(OSError(errno.ENOSPC, "No space left on device", "/runs/x"))) == 3
    said = capsys.readouterr().err
    assert said.startswith("seatrial: no space is left on the disk of /runs/x")
    assert not (cache / "crashes").exists()


def test_debug_prints_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--debug", "go"], raising(ZeroDivisionError("by nought")))
    assert "Traceback" in capsys.readouterr().err


def test_a_crash_report_that_cannot_be_written_is_printed(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cache / "crashes").touch()
    run(["go"], raising(ZeroDivisionError("by nought")))
    assert "Traceback" in capsys.readouterr().err

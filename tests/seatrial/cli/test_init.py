from pathlib import Path

import pytest

from seatrial.cli.dispatch import dispatch
from seatrial.cli.init import folder_of, nobody_to_ask, report
from seatrial.cli.invocation import Invocation
from seatrial.errors import UsageError
from seatrial.init.conclusions import Remark
from seatrial.init.layouts import Layout
from seatrial.init.project import Done
from seatrial.init.route import LeftOut, Route


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "no service is named, and this is no terminal to ask on"),
        (["--service", "web"], "Write NAME=URL"),
        (["--service", "web=http://127.0.0.1:1", "--entry", "api"], "--entry names 'api'"),
        (["--command", "web=run it"], "nothing says where web listens"),
        (["--service", "web=http://127.0.0.1:1", "--openapi", "a", "--access-log", "b"], "both given"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dispatch(["init", *arguments]) == 64
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_it_writes_beside_the_file_that_is_named(tmp_path: Path) -> None:
    assert folder_of(Invocation(tmp_path / "seatrial.yml")) == tmp_path


@pytest.mark.parametrize(
    "named, words", [("other.yml", "writes a seatrial.yml"), ("no/seatrial.yml", "does not exist")]
)
def test_a_place_that_will_not_do_is_refused(named: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        folder_of(Invocation(tmp_path / named))


def test_who_cannot_be_asked_is_told_what_was_found() -> None:
    said = nobody_to_ask([Layout("shop:create_app()", Path("shop/__init__.py"))])
    assert "There is a Flask application in __init__.py: --command 'shop=python -m " in said
    assert "as --command 'web=gunicorn app:app --bind {host}:{port}'." in nobody_to_ask([])


DONE = Done(
    files=("seatrial.yml",),
    source="the access log a.log",
    routes=(Route("/items", weight=3), Route("/")),
    left_out=(LeftOut("2 requests", "static files"),),
    remarks=(Remark("web", True, "level: lvl"), Remark("web", False, "metrics: none were found")),
    commands=(("seatrial doctor", "says what is missing"),),
)


def test_the_report_says_what_was_taken_what_was_not_and_what_is_next() -> None:
    assert report(DONE) == [
        "taken:",
        "  web: level: lvl",
        "not taken:",
        "  web: metrics: none were found",
        "the load, from the access log a.log:",
        "  GET /items (weight 3)",
        "  GET /",
        "left out of the load:",
        "  2 requests: static files",
        "written:",
        "  seatrial.yml",
        "next:",
        "  seatrial doctor  # says what is missing",
    ]

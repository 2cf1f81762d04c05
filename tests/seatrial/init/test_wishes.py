from collections.abc import Sequence

import pytest

from seatrial.errors import Exit, UsageError
from seatrial.init.wishes import Wish, is_here, read_wishes


def test_services_by_address_and_by_command() -> None:
    wishes = read_wishes(
        {
            "service": ["web=http://127.0.0.1:5000/"],
            "command": ["web=gunicorn 'shop:make(\"x\")' --bind {host}:{port}"],
            "metrics": ["web=/internal/metrics"],
            "log": ["web=stdout"],
        }
    )
    command = ("gunicorn", 'shop:make("x")', "--bind", "{host}:{port}")
    assert wishes.services == (Wish("web", "http://127.0.0.1:5000", command, (), "/internal/metrics", "stdout"),)
    assert (wishes.entry, wishes.starts) == ("web", True)


@pytest.mark.parametrize("command", ["A=1 B='x y' run C=3", "env A=1 B='x y' run C=3"])
def test_assignments_before_the_program_are_its_environment(command: str) -> None:
    wish = read_wishes({"command": [f"web={command}"]}).first
    assert (wish.environment, wish.command) == ((("A", "1"), ("B", "x y")), ("run", "C=3"))


def test_the_first_service_is_the_entry_unless_another_is_named() -> None:
    given = {"service": ["a=http://127.0.0.1:1", "b=http://127.0.0.1:2"], "calls": ["b=a"]}
    assert read_wishes(given).entry == "a"
    wishes = read_wishes(given, entry="b")
    assert (wishes.first.name, wishes.first.calls, wishes.starts) == ("b", ("a",), False)


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "no service is named. Say where one runs (--service web=http://127.0.0.1:5000) or how it is started"),
        ({"service": ["web"]}, "--service 'web' is not understood. Write NAME=URL"),
        ({"service": ["web="]}, "Write NAME=URL"),
        ({"service": ["Web=http://h"]}, "--service names 'Web'. A service's name has small letters"),
        ({"service": ["a=http://h", "a=http://i"]}, "--service is given twice for a"),
        ({"service": ["a=127.0.0.1:5000"]}, "--service a=127.0.0.1:5000 is no address. Write it as http://"),
        ({"service": ["a=http://"]}, "is no address"),
        ({"service": ["a=http://h:x"]}, "is no address"),
        ({"service": ["a=http://h?x=1"]}, "is no address"),
        ({"command": ["a=run 'it"]}, "cannot be split into words: No closing quotation. Close the quotes"),
        ({"command": ["a=A=1 B=2"]}, "sets variables and starts nothing. Add the program"),
        ({"service": ["a=http://h"], "command": ["b=run"]}, "a runs already and b is to be started"),
        ({"service": ["a=http://h"], "log": ["b=x"]}, "--log names 'b', which is no service. Known are: a."),
        ({"service": ["a=http://h"], "metrics": ["a"]}, "--metrics 'a' is not understood. Write NAME=PATH or NAME=URL"),
        ({"service": ["a=http://h"], "calls": ["a=b"]}, "--calls names 'b', which is no service"),
        ({"service": ["a=http://h"], "calls": ["a"]}, "--calls 'a' is not understood"),
        ({"service": ["a=http://h"], "path": ["items"]}, "--path 'items' is no path. Write it as /items/1"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_remedy(given: dict[str, Sequence[str]], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_wishes(given)
    assert words in str(caught.value)
    assert caught.value.exit_code is Exit.USAGE


def test_an_entry_that_is_no_service_is_refused() -> None:
    with pytest.raises(UsageError, match="--entry names 'x'"):
        read_wishes({"service": ["a=http://h"]}, entry="x")


def test_two_sources_of_the_load_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="both given"):
        read_wishes({"service": ["a=http://h"], "openapi": ["o.json"], "access_log": ["a.log"]})


@pytest.mark.parametrize(
    "url, here",
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost", True),
        ("http://[::1]:80/x", True),
        ("https://shop.example", False),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_here(*, url: str, here: bool) -> None:
    assert is_here(url) is here

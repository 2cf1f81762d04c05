from collections.abc import Iterator
from pathlib import Path

import pytest

from seatrial.init.asking import ask_for, ask_for_source, command_of
from seatrial.init.layouts import Layout, find_layouts

FACTORY = "from flask import Flask\n\ndef create_app(test_config=None):\n    return Flask(__name__)\n"
MODULE = "import flask\n\napp = flask.Flask(__name__)\n"


@pytest.mark.parametrize(
    "path, text, target",
    [
        pytest.param("shop/__init__.py", FACTORY, "shop:create_app()", id="factory in a package"),
        pytest.param("wsgi.py", FACTORY, "wsgi:create_app()", id="factory in a module"),
        pytest.param("app.py", MODULE, "app:app", id="module"),
        pytest.param("src/shop/web.py", MODULE.replace("app =", "site ="), "src.shop.web:site", id="other name"),
    ],
)
def test_an_application_is_found(tmp_path: Path, path: str, text: str, target: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert [layout.target for layout in find_layouts(tmp_path)] == [target]


@pytest.mark.parametrize(
    "path, text",
    [
        pytest.param("app.py", "app = make()\n", id="not Flask"),
        pytest.param("app.py", FACTORY.replace("test_config=None", "settings"), id="factory that needs arguments"),
        pytest.param("app.py", "from flask import Flask\ndef create_app(:\n", id="broken"),
        pytest.param("tests/app.py", MODULE, id="a test's"),
        pytest.param(".venv/lib/app.py", MODULE, id="hidden"),
        pytest.param("venv/app.py", MODULE, id="installed"),
    ],
)
def test_nothing_else_is_taken_for_one(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert find_layouts(tmp_path) == []


def test_the_nearest_comes_first(tmp_path: Path) -> None:
    for path in ("a/b/app.py", "web.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(MODULE)
    assert [layout.target for layout in find_layouts(tmp_path)] == ["web:app", "a.b.app:app"]


def test_reading_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(MODULE + "raise SystemExit('was run')\n")
    assert len(find_layouts(tmp_path)) == 1


LAYOUT = Layout("board:create_app()", Path("board/__init__.py"))


@pytest.mark.parametrize(
    "gunicorn, words", [(True, "python -m gunicorn board:create_app() --bind"), (False, "python -m flask --app board:")]
)
def test_what_starts_it_depends_on_what_is_installed(*, gunicorn: bool, words: str) -> None:
    assert command_of(LAYOUT, gunicorn=gunicorn).startswith(words)


def answering(*answers: str) -> Iterator[str]:
    yield from answers


def asked(*answers: str, layouts: tuple[Layout, ...] = ()) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """What comes of these answers, an empty one taking the default; and the questions with their defaults."""
    given, questions = answering(*answers), []

    def ask(question: str, default: str = "") -> str:
        questions.append((question, default))
        return next(given) or default

    return {name: list(texts) for name, texts in ask_for(ask, layouts, gunicorn=True).items()}, questions


def test_answers_are_what_flags_would_have_said() -> None:
    given, _ = asked("http://127.0.0.1:5000", "web", "http://127.0.0.1:5001", "api", "")
    assert given == {"service": ["web=http://127.0.0.1:5000", "api=http://127.0.0.1:5001"], "command": []}


def test_what_was_found_is_proposed() -> None:
    given, questions = asked("", "", "", layouts=(LAYOUT,))
    assert given == {
        "service": [],
        "command": ["board=python -m gunicorn board:create_app() --bind {host}:{port} --threads 8"],
    }
    assert [default for _, default in questions] == [command_of(LAYOUT, gunicorn=True), "board", ""]


def test_an_empty_answer_where_nothing_was_found_names_no_service() -> None:
    assert asked("")[0] == {"service": [], "command": []}


@pytest.mark.parametrize(
    "answer, flags",
    [
        ("", {}),
        ("api/openapi.yaml", {"openapi": ["api/openapi.yaml"]}),
        ("http://127.0.0.1:5000/docs", {"openapi": ["http://127.0.0.1:5000/docs"]}),
        ("/openapi.json", {"openapi": ["/openapi.json"]}),
        ("/items /items/1", {"path": ["/items", "/items/1"]}),
        ("access.log", {"access_log": ["access.log"]}),
        (__file__, {"access_log": [__file__]}),
    ],
)
def test_the_source_of_the_load_is_known_by_its_looks(answer: str, flags: dict[str, list[str]]) -> None:
    assert ask_for_source(lambda _question, default="": answer or default) == flags


def test_a_tree_without_end_is_not_walked(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / "app.py").write_text(MODULE)
    assert find_layouts(tmp_path) == []

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fleet.hooks.documents import Document, HookError, replicas, run, store, write_json
from fleet.kit.errors import StoreUrlError


def test_a_hook_reads_one_document_and_writes_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"run_dir": "/r"}'))
    run(lambda document: {"seen": document["run_dir"]})
    assert json.loads(capsys.readouterr().out) == {"seen": "/r"}


def failing(_: Document) -> dict[str, object]:
    raise HookError("The stack runs no orders.")


def without_a_store(_: Document) -> dict[str, object]:
    raise StoreUrlError("There is no store at /r/orders.db; migrate first.")


@pytest.mark.parametrize(
    "hook, given, says",
    [
        (failing, "{}", "The stack runs no orders."),
        (without_a_store, "{}", "StoreUrlError: There is no store"),
        (failing, "rubbish", "JSONDecodeError"),
    ],
    ids=["hook", "kit", "document"],
)
def test_a_hook_that_cannot_says_so_and_answers_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hook: Callable[[Document], dict[str, object]],
    given: str,
    says: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    with pytest.raises(SystemExit, match=says):
        run(hook)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("document", [{}, {"services": None}, {"services": [{"service": "payments"}]}], ids=str)
def test_a_service_that_does_not_run_is_named(document: Document) -> None:
    with pytest.raises(HookError, match="runs no orders"):
        replicas(document, "orders")


@pytest.mark.parametrize("document", [{}, {"stores": None}, {"stores": {"orders": ""}}], ids=str)
def test_a_store_that_is_not_given_is_named(document: Document) -> None:
    with pytest.raises(HookError, match="no store of orders"):
        store(document, "orders")


@pytest.mark.parametrize("mode", [0o600, 0o644], ids=oct)
def test_a_file_has_the_rights_it_was_meant_to_have(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o022)
    write_json(tmp_path / "a.json", {"a": 1}, mode=mode)
    os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == mode
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]

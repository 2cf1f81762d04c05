import os
from pathlib import Path

import pytest

from seatrial.errors import StackError
from seatrial.stacks import elasticsearch
from seatrial.stacks.elasticsearch import (
    Installation,
    Place,
    find_elasticsearch,
    find_java,
    is_supported,
    prepare,
    reachable,
    remove_work_folder,
    version_of,
    work_folder,
)
from seatrial.stacks.processes import Account


def home(folder: Path, version: str = "8.19.21") -> Path:
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / f"elasticsearch-{version}.jar").touch()
    (folder / "lib" / "elasticsearch-core-8.19.21.jar").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "elasticsearch").touch()
    return folder


def java(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    return folder


@pytest.mark.parametrize("version, supported", [("7.17.1", False), ("8.0.0", True), ("9.2.1", True), ("10.0.0", False)])
def test_versions(*, version: str, supported: bool) -> None:
    assert is_supported(version) is supported


def test_the_version_is_read_off_the_main_library(tmp_path: Path) -> None:
    assert version_of(home(tmp_path / "es", "9.1.0")) == "9.1.0"
    assert version_of(tmp_path) is None


def test_the_named_home_comes_before_the_cached_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch, "java_version", lambda _: 17)
    cached, named = home(tmp_path / "cache" / "elasticsearch"), home(tmp_path / "named")
    its_java = java(tmp_path / "jdk")
    assert find_elasticsearch(tmp_path / "cache", named, its_java) == Installation(named, "8.19.21", its_java)
    assert find_elasticsearch(tmp_path / "cache", None, its_java) == Installation(cached, "8.19.21", its_java)


def test_a_home_without_a_server_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="holds no Elasticsearch"):
        find_elasticsearch(tmp_path / "cache", tmp_path, None)


def test_none_without_a_java_that_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch, "java_version", lambda _: 11)
    home(tmp_path / "elasticsearch")
    assert find_elasticsearch(tmp_path, None, java(tmp_path / "jdk")) is None


def test_the_first_java_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    old, new = java(tmp_path / "old"), java(tmp_path / "new")
    assert find_java([tmp_path / "none", old, new], ask=lambda each: 11 if each == old else 21) == new


def test_the_configuration_listens_on_this_machine_only(tmp_path: Path) -> None:
    place = Place(tmp_path / "work", 9201, 9301)
    place.folder.mkdir()
    command, environment = prepare(Installation(home(tmp_path / "es"), "8.19.21", tmp_path), place, None)
    settings = (place.folder / "config" / "elasticsearch.yml").read_text()
    assert "http.host: 127.0.0.1" in settings
    assert "transport.host: 127.0.0.1" in settings
    assert "http.port: 9201" in settings
    assert "-Xmx512m" in (place.folder / "config" / "jvm.options").read_text()
    assert command == [str(tmp_path / "es" / "bin" / "elasticsearch")]
    assert environment["ES_PATH_CONF"] == str(place.folder / "config")


def test_a_folder_that_others_cannot_come_to_is_replaced_by_one_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elasticsearch, "reachable", lambda _: False)
    monkeypatch.setattr(elasticsearch.os, "chown", lambda *_: None)
    who = Account(os.getuid(), os.getgid())
    folder = work_folder(tmp_path, who)
    assert (tmp_path / "elasticsearch").resolve() == folder.resolve()
    source = home(tmp_path / "es")
    command, _ = prepare(Installation(source, "8.19.21", java(tmp_path / "jdk")), Place(folder, 1, 2), who)
    assert Path(command[0]).is_relative_to(folder)
    assert Path(command[0]).exists()
    remove_work_folder(tmp_path)
    assert not folder.exists()
    assert not (tmp_path / "elasticsearch").is_symlink()
    assert source.exists()


def test_reachable_is_what_anybody_may_walk_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "open").mkdir(mode=0o755)
    assert not reachable(tmp_path / "open")
    assert reachable(Path("/"))

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from seatrial.stacks import install_elasticsearch as installing
from seatrial.stacks.elasticsearch import version_of
from seatrial.stacks.fetching import InstallError


def core(path: Path, version: str = installing.RELEASE) -> str:
    """A zip of the shape of the core server; returns its SHA-256."""
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"elasticsearch-{installing.RELEASE}/lib/elasticsearch-{version}.jar", "")
        made.writestr(f"elasticsearch-{installing.RELEASE}/bin/elasticsearch", "#!/bin/sh\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unreachable(url: str, _: Path) -> None:
    raise InstallError(f"{url} could not be fetched")


def test_the_core_server_is_unpacked_and_can_be_run(tmp_path: Path) -> None:
    checksum = core(tmp_path / "made.zip")

    def fetch(url: str, into: Path) -> None:
        assert url.endswith(f"elasticsearch-{installing.RELEASE}.zip")
        into.write_bytes((tmp_path / "made.zip").read_bytes())

    home = installing.from_maven(tmp_path, print, fetch, checksum)
    assert version_of(home) == installing.RELEASE
    assert (home / "bin" / "elasticsearch").stat().st_mode & 0o111


def test_another_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="is promised"):
        installing.from_maven(tmp_path, print, lambda _, into: core(into) and None, "0" * 64)


def test_without_the_official_archive_the_core_server_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checksum = core(tmp_path / "made.zip")
    monkeypatch.setattr(installing.from_maven, "__defaults__", (checksum,))
    said: list[str] = []

    def fetch(url: str, into: Path) -> None:
        if url.startswith(installing.OFFICIAL):
            unreachable(url, into)
        into.write_bytes((tmp_path / "made.zip").read_bytes())

    home = installing.install_elasticsearch(tmp_path / "cache", said.append, fetch)
    assert home == tmp_path / "cache" / "elasticsearch"
    assert any("could not be fetched" in each for each in said)
    assert list((tmp_path / "cache").glob("installing-*")) == []


def test_the_official_archive_must_have_its_published_checksum(tmp_path: Path) -> None:
    def fetch(url: str, into: Path) -> None:
        into.write_text(f"{'0' * 128}  elasticsearch\n" if url.endswith(".sha512") else "archive")

    with pytest.raises(InstallError, match="SHA-512"):
        installing.from_archive(tmp_path, print, fetch)


def test_the_official_archive_is_unpacked_when_it_has(tmp_path: Path) -> None:
    ran: list[Sequence[str]] = []

    def fetch(url: str, into: Path) -> None:
        digest = hashlib.sha512(b"archive").hexdigest()
        into.write_text(f"{digest}  elasticsearch\n" if url.endswith(".sha512") else "archive")

    def run(command: Sequence[str], _: Path) -> str:
        ran.append(command)
        return ""

    installing.from_archive(tmp_path, print, fetch, run)
    assert ran[0][:2] == ["tar", "-xzf"]


def test_what_holds_no_server_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with pytest.raises(InstallError, match="holds no Elasticsearch"):
        installing.keep(tmp_path / "home", tmp_path / "cache")


def test_each_installer_of_packages_is_tried_before_giving_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_java", lambda _: None)
    tried: list[str] = []

    def run(command: Sequence[str], _: Path) -> str:
        tried.append(command[0])
        raise InstallError("no")

    with pytest.raises(InstallError, match="could fetch a Java"):
        installing.install_java(tmp_path, None, print, run)
    assert tried[1:] == ["uv", "pip3", "python3"]


def test_a_java_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_java", lambda homes: homes[0])
    assert installing.install_java(tmp_path, None, print) == tmp_path / "elasticsearch" / "jdk"


def test_the_lock_names_hashes_and_no_host() -> None:
    text = installing.JAVA_LOCK.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text

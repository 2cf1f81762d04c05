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


def package(scratch: Path, name: str) -> None:
    """As apt-get download and dpkg -x leave it: settings are links to /etc."""
    (scratch / f"{name}_1_all.deb").touch()
    home = scratch / "unpacked" / "usr" / "lib" / "jvm" / "java-21"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "lib").mkdir()
    (home / "lib" / "jvm.cfg").symlink_to("/etc/java-21/jvm.cfg")
    (home / "lib" / "cacerts").symlink_to("/etc/ssl/cacerts")
    (home.parent / "java-alias").symlink_to("java-21")
    (scratch / "unpacked" / "etc" / "java-21").mkdir(parents=True)
    (scratch / "unpacked" / "etc" / "java-21" / "jvm.cfg").write_text("-server KNOWN\n")


def test_the_distributions_java_is_made_whole(tmp_path: Path) -> None:
    def run(command: Sequence[str], cwd: Path) -> str:
        if "openjdk-17-jre-headless" in command:
            raise InstallError("no such package")
        if command[0] == "dpkg":
            package(cwd, "openjdk-21-jre-headless")
        elif "download" in command:
            (cwd / "openjdk-21-jre-headless_1_all.deb").touch()
        return ""

    home = installing.java_from_debian(tmp_path, print, run)
    assert (home / "lib" / "jvm.cfg").read_text() == "-server KNOWN\n"
    assert not (home / "lib" / "jvm.cfg").is_symlink()
    assert not (home / "lib" / "cacerts").is_symlink()


def test_a_distribution_without_one_is_told_with_the_remedy(tmp_path: Path) -> None:
    def run(_: Sequence[str], __: Path) -> str:
        raise InstallError("no such package")

    with pytest.raises(InstallError, match=r"has no Java that will do.*JAVA_HOME"):
        installing.java_from_debian(tmp_path, print, run)


def test_a_system_without_packages_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_java", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError, match=r"no Java 17 or newer with the module jdk\.jlink"):
        installing.install_java(tmp_path, None, print)


def test_a_java_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_java", lambda homes: homes[0])
    assert installing.install_java(tmp_path, None, print) == tmp_path / "elasticsearch" / "jdk"

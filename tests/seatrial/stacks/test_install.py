import hashlib
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from seatrial.stacks.fetching import InstallError, verify
from seatrial.stacks.install import from_debian, from_release, keep, platform_name

HERE = platform_name("linux", "x86_64")


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as opened:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            opened.addfile(member, io.BytesIO(b"ok"))
    return content.getvalue()


def delivering(content: bytes) -> Callable[[str, Path], None]:
    return lambda _url, into: into.write_bytes(content) and None


def silent(_sentence: str) -> None:
    pass


def every_platform(checksum: str) -> dict[str, str]:
    return {f"{system}-{machine}": checksum for system in ("linux", "darwin") for machine in ("amd64", "arm64")}


@pytest.mark.parametrize(
    "system, machine, name",
    [("linux", "x86_64", "linux-amd64"), ("linux", "aarch64", "linux-arm64"), ("darwin", "arm64", "darwin-arm64")],
)
def test_platforms_are_named_as_the_release_names_them(system: str, machine: str, name: str) -> None:
    assert platform_name(system, machine) == name


def test_an_archive_with_the_pinned_checksum_is_unpacked(tmp_path: Path) -> None:
    content = archive("p/prometheus", "p/promtool", "p/LICENSE", "../../escape")
    pinned = every_platform(hashlib.sha256(content).hexdigest())
    folder = from_release(tmp_path, silent, delivering(content), pinned)
    assert {path.name for path in folder.iterdir()} == {"prometheus", "promtool"}


def test_an_archive_with_another_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="is promised"):
        from_release(tmp_path, silent, delivering(archive("p/prometheus")), every_platform("0" * 64))
    assert not (tmp_path / "unpacked").exists()


def test_a_platform_without_a_pin_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="by your system's means"):
        from_release(tmp_path, silent, delivering(b""), {})


def test_one_changed_byte_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"good")
    verify(tmp_path / "a", hashlib.sha256(b"good").hexdigest())
    (tmp_path / "a").write_bytes(b"goof")
    with pytest.raises(InstallError, match="a has SHA-256"):
        verify(tmp_path / "a", hashlib.sha256(b"good").hexdigest())


class Apt:
    """Stands for apt-get and dpkg; downloads succeed once lists have been fetched."""

    def __init__(self, *, lists: bool, reachable: bool = True) -> None:
        self.lists, self.reachable = lists, reachable
        self.said: list[str] = []

    def __call__(self, command: Sequence[str], cwd: Path) -> str:
        action = next(word for word in command if word in {"download", "update", "-x"})
        self.said.append(action)
        if action == "update" and self.reachable:
            self.lists = True
        elif not self.lists:
            raise InstallError("apt-get failed with exit code 100: no package prometheus")
        elif action == "download":
            (cwd / "prometheus_2.42.0_amd64.deb").touch()
        return ""


def test_debians_package_is_downloaded_and_unpacked(tmp_path: Path) -> None:
    apt = Apt(lists=True)
    assert from_debian(tmp_path, silent, apt) == tmp_path / "unpacked" / "usr" / "bin"
    assert apt.said == ["download", "-x"]


def test_without_package_lists_private_ones_are_fetched(tmp_path: Path) -> None:
    apt = Apt(lists=False)
    from_debian(tmp_path, silent, apt)
    assert apt.said == ["download", "update", "download", "-x"]


def test_what_cannot_be_fetched_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="Run `apt-get update` as root"):
        from_debian(tmp_path, silent, Apt(lists=False, reachable=False))


def test_programs_are_kept_runnable_and_replace_older_ones(tmp_path: Path) -> None:
    for folder, text in (("old", "old"), ("new", "new")):
        (tmp_path / folder).mkdir()
        for name in ("prometheus", "promtool"):
            (tmp_path / folder / name).write_text(text)
        keep(tmp_path / folder, tmp_path / "kept")
    assert (tmp_path / "kept" / "prometheus").read_text() == "new"
    assert (tmp_path / "kept" / "promtool").stat().st_mode & 0o111


def test_a_package_without_promtool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prometheus").touch()
    with pytest.raises(InstallError, match="holds no promtool"):
        keep(tmp_path, tmp_path / "kept")

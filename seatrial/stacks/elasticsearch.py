"""The real Elasticsearch beside a stack: found, configured by files, started as an unprivileged user.

Leaves getting one to install_elasticsearch.py, and asking it questions to seatrial.backends.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import StackError
from seatrial.stacks.processes import Account

OLDEST, NEWEST_MAJOR = (8, 0), 9
OLDEST_JAVA = 17
# Of its entitlements; some slim runtimes lack it.
NEEDED_MODULE = "jdk.jlink"
REMEDY = (
    "Run `seatrial install elasticsearch`, let ES_HOME name an Elasticsearch 8 or 9, or give the address of one that runs "
    "(--elasticsearch URL)."
)
JAVA_REMEDY = "Run `seatrial install elasticsearch`, or let JAVA_HOME name a Java 17 or newer."
# Whom to become when started by root, which Elasticsearch refuses; the first that this machine knows.
USERS = ("elasticsearch", "nobody")
HEAP = "512m"


@dataclass(frozen=True, slots=True)
class Installation:
    """An Elasticsearch and the Java that runs it; both are folders."""

    home: Path
    version: str
    java: Path


def cached_home(cache_dir: Path) -> Path:
    """Where `seatrial install elasticsearch` puts it."""
    return cache_dir / "elasticsearch"


def cached_java(cache_dir: Path) -> Path:
    """Where the same puts a Java, when the machine has none."""
    return cache_dir / "java"


def find_elasticsearch(cache_dir: Path, es_home: Path | None, java_home: Path | None) -> Installation | None:
    """The named one, else the cached one. None when there is neither, or no Java for it. Raises StackError for a wrong name."""
    if es_home is not None and version_of(es_home) is None:
        raise StackError(f"ES_HOME is {es_home}, which holds no Elasticsearch. Correct or unset it.")
    for home in (es_home, cached_home(cache_dir)):
        version = home and version_of(home)
        if home and version and is_supported(version):
            java = find_java([home / "jdk", *java_homes(cache_dir, java_home)])
            return Installation(home, version, java) if java else None
    return None


def version_of(home: Path) -> str | None:
    """By the name of its main library: asking the program would take a JVM's start."""
    for library in (home / "lib").glob("elasticsearch-[0-9]*.jar"):
        found = re.fullmatch(r"elasticsearch-(\d+\.\d+\.\d+)(?:-\w+)?\.jar", library.name)
        if found:
            return found[1]
    return None


def is_supported(version: str) -> bool:
    """8 and 9."""
    major, minor, _ = (int(part) for part in version.split("."))
    return OLDEST <= (major, minor) < (NEWEST_MAJOR + 1, 0)


def java_homes(
    cache_dir: Path, java_home: Path | None, which: Callable[[str], str | None] = shutil.which
) -> Iterator[Path]:
    """Where a Java may be: named, on PATH, in the cache."""
    if java_home is not None:
        yield java_home
    if on_path := which("java"):
        yield Path(on_path).resolve().parents[1]
    yield cached_java(cache_dir)


def find_java(homes: list[Path], ask: Callable[[Path], int] | None = None) -> Path | None:
    """The first that is new enough."""
    ask = ask or java_version
    return next((home for home in homes if (home / "bin" / "java").is_file() and ask(home) >= OLDEST_JAVA), None)


def java_version(home: Path) -> int:
    """The feature number, as 17; 0 when it cannot run here, or lacks NEEDED_MODULE."""
    command = [str(home / "bin" / "java"), "--list-modules"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"^java\.base@(\d+)", done.stdout, re.MULTILINE)
    return int(found[1]) if found and f"\n{NEEDED_MODULE}@" in done.stdout else 0


def account() -> Account | None:
    """Whom to become; None when this is nobody's superuser. Raises StackError when root finds nobody to be."""
    if os.geteuid() != 0:
        return None
    for name in USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise StackError(f"Elasticsearch does not run as root, and there is no user {' or '.join(USERS)}. Add one of them.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one server works: its folder, and the ports on 127.0.0.1 for clients and for itself."""

    folder: Path
    port: int
    transport_port: int


def work_folder(run_dir: Path, who: Account | None) -> Path:
    """Its folder in the run; one elsewhere with a link in the run where the user it runs as cannot come there."""
    link = run_dir / "elasticsearch"
    if who is None or reachable(run_dir):
        link.mkdir()
        return link
    folder = Path(tempfile.mkdtemp(prefix="seatrial-elasticsearch-"))
    folder.chmod(0o755)
    link.symlink_to(folder)
    return folder


def remove_work_folder(run_dir: Path) -> None:
    """With all data: every line of it is in the run's logs."""
    link = run_dir / "elasticsearch"
    target = link.resolve()
    if link.is_symlink():
        link.unlink()
    shutil.rmtree(target, ignore_errors=True)


def reachable(path: Path) -> bool:
    """Whether anybody may come there."""
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def prepare(installation: Installation, place: Place, who: Account | None) -> tuple[list[str], dict[str, str]]:
    """Write its configuration; returns the command and the variables it needs."""
    config = place.folder / "config"
    for folder in (config, place.folder / "data", place.folder / "logs", place.folder / "tmp"):
        folder.mkdir()
    home, java = (_within_reach(each, place.folder, who) for each in (installation.home, installation.java))
    (config / "elasticsearch.yml").write_text(_settings(place), encoding="utf-8")
    (config / "jvm.options").write_text("\n".join(JVM_OPTIONS) + "\n", encoding="utf-8")
    shutil.copyfile(LOGGING, config / "log4j2.properties")
    if who is not None:
        for each in (place.folder, *place.folder.glob("*")):
            if each not in {home, java}:
                os.chown(each, who.uid, who.gid)
        for each in config.iterdir():
            os.chown(each, who.uid, who.gid)
    environment = {
        "ES_JAVA_HOME": str(java),
        "ES_PATH_CONF": str(config),
        "ES_TMPDIR": str(place.folder / "tmp"),
        "ES_JAVA_OPTS": "",
        "HOME": str(place.folder),
    }
    return [str(home / "bin" / "elasticsearch")], environment


def _within_reach(folder: Path, work: Path, who: Account | None) -> Path:
    """The folder, or a copy made of links where the user it runs as cannot come there."""
    if who is None or reachable(folder):
        return folder
    copy = work / f"{folder.name}-{len(str(folder))}"
    shutil.copytree(folder, copy, symlinks=True, copy_function=_link)
    return copy


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _settings(place: Place) -> str:
    """Only settings that every server knows: an unknown one stops the start."""
    settings = {
        "cluster.name": "seatrial",
        "node.name": "seatrial",
        "path.data": place.folder / "data",
        "path.logs": place.folder / "logs",
        "http.host": "127.0.0.1",
        "http.port": place.port,
        "transport.host": "127.0.0.1",
        "transport.port": place.transport_port,
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        # Absolute: a share of a laptop's disk would be many gigabytes.
        "cluster.routing.allocation.disk.watermark.low": "1gb",
        "cluster.routing.allocation.disk.watermark.high": "750mb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "500mb",
    }
    return "".join(f"{name}: {value}\n" for name, value in settings.items())


# A short life on a machine that has other work: little memory, touched when it is used, and no second compiler.
JVM_OPTIONS = (
    f"-Xms{HEAP}",
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:-AlwaysPreTouch",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.io.tmpdir=${ES_TMPDIR}",
)
# To the console alone; the image that stands in for the official one is told the same (deploy/local-images).
LOGGING = Path(__file__).with_name("elasticsearch-log4j2.properties")

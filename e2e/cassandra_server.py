"""A Cassandra of its own for the tests that need one: its libraries from Maven Central, one node on 127.0.0.1, gone with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from going_without import go_without

from fleet.kit.errors import ProblemError
from fleet.kit.keyspace import Keyspace
from seatrial.settings import read_settings
from seatrial.stacks.elasticsearch import find_java, java_homes
from seatrial.stacks.ports import PortLocks

RECIPE = Path(__file__).parents[1] / "deploy" / "local-images" / "cassandra"
PATIENCE = 120.0


class Server:
    """One node in a folder."""

    def __init__(self, java: Path, jars: Path, folder: Path, locks: PortLocks) -> None:
        self.port = locks.take()
        # Root's memory would be locked, which doubles it: then it is somebody else's, who may not see where root keeps things.
        shutil.copytree(RECIPE, folder / "recipe")
        shutil.copytree(jars, folder / "jars")
        self._serve = folder / "recipe" / "serve.sh"
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._told = {
            "PATH": os.environ["PATH"],
            "JAVA_HOME": str(java),
            "JARS": str(folder / "jars"),
            "FOLDER": str(folder),
            "TMPDIR": str(folder),
            "ADDRESS": "127.0.0.1",
            "NATIVE_PORT": str(self.port),
            "STORAGE_PORT": str(locks.take()),
        }
        self.output = folder / "server.out"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, keyspace: str) -> str:
        """A store's URL."""
        return f"cassandra://127.0.0.1:{self.port}/{keyspace}"

    def start(self) -> None:
        """Returns when it answers."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [self._serve], env=self._told, user=self._user, stdout=output, stderr=subprocess.STDOUT
            )
        until, asking = time.monotonic() + PATIENCE, Keyspace(self.url("system"))
        while True:
            try:
                asking.check()
                break
            except ProblemError:
                assert self._process.poll() is None, self.output.read_text()[-3000:]
                assert time.monotonic() < until, self.output.read_text()[-3000:]
                time.sleep(0.2)
        asking.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)


def jars_or_skip() -> tuple[Path, Path]:
    """Where Java and the libraries are; where they cannot be had, skip, unless SEATRIAL_SERVERS=required."""
    settings = read_settings()
    java = find_java(list(java_homes(settings.cache_dir, None)))
    if java is None:
        go_without("no Java 17 was found. Run: seatrial install elasticsearch.", "SEATRIAL_SERVERS")
    jars = settings.cache_dir / "cassandra"
    done = subprocess.run(
        [sys.executable, RECIPE / "fetch.py", jars], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode != 0:
        go_without(f"Cassandra's libraries cannot be had: {done.stderr}", "SEATRIAL_SERVERS")
    return java, jars


@contextmanager
def running_server() -> Iterator[Server]:
    """Started, stopped and forgotten."""
    java, jars = jars_or_skip()
    locks = PortLocks(read_settings().runtime_dir / "ports", "cassandra")
    with tempfile.TemporaryDirectory(prefix="seatrial-cassandra-") as folder:
        server = Server(java, jars, Path(folder), locks)
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGKILL)
            locks.release()

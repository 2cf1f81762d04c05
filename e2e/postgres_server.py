"""A PostgreSQL of its own for the tests that need one, from Debian's package: private, without a port, gone with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from going_without import go_without

INSTALLED = Path("/usr/lib/postgresql")


def binaries_or_skip() -> Path:
    """Where its programs are; where there are none, skip, unless SEATRIAL_SERVERS=required."""
    found = [*INSTALLED.glob("*/bin/initdb"), *filter(None, [shutil.which("initdb")])]
    if not found:
        go_without("no PostgreSQL was found. Install it: apt-get install postgresql.", "SEATRIAL_SERVERS")
    return Path(found[-1]).resolve().parent


class Server:
    """One cluster in a folder; clients reach it by the socket in that folder."""

    def __init__(self, programs: Path, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self._programs = programs
        self._durable = durable
        # It refuses root.
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)

    def url(self, database: str = "postgres") -> str:
        """A store's URL."""
        return f"postgresql://shop@/{database}?host={self.folder}"

    def make(self) -> None:
        """The cluster; on it everybody who reaches the folder is trusted."""
        self._run("initdb", "-D", "data", "-U", "shop", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        """Returns when it answers."""
        settings = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c max_connections=300"
        settings += "" if self._durable else " -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "server.log", "-w", "-o", settings, "start")

    def stop(self, mode: str = "fast") -> None:
        """Connections are ended; `immediate`: as by a crash."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Its rows, a line each."""
        return self._run("psql", "-h", str(self.folder), "-U", "shop", "-d", database, "-Atqc", statement)

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / program), *arguments]
        # What pg_ctl starts keeps its output open: a pipe would wait for it.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, cwd=self.folder, user=self._user, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            output.seek(0)
            text = output.read()
        assert done.returncode == 0, f"{program}: {text}"
        return text.strip()


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """Made, started, stopped and forgotten; unless `durable` it does not wait for the disk."""
    programs = binaries_or_skip()
    # A socket's path may have 107 characters, and pytest's folders are its user's alone.
    with tempfile.TemporaryDirectory(prefix="seatrial-pg-") as folder:
        server = Server(programs, Path(folder), durable=durable)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")

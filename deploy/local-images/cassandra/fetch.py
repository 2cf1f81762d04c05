"""Fetches Cassandra's libraries from Maven Central into a folder: fetch.py FOLDER. What is there and right is left.

Which, and what they must be, stands in jars.sha256: cassandra-all and all that it needs at run time on Linux, as Maven resolves it
(`mvn dependency:copy-dependencies -DincludeScope=runtime -Dmdep.useRepositoryLayout=true`). Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MAVEN = "https://repo1.maven.org/maven2"
LIST = Path(__file__).with_name("jars.sha256")


def fetch(line: str, folder: Path) -> None:
    """One of the list. Raises SystemExit when it cannot be had, or is not what was promised."""
    promised, path = line.split()
    file = folder / Path(path).name
    if file.is_file() and _digest(file.read_bytes()) == promised:
        return
    try:
        with urllib.request.urlopen(f"{MAVEN}/{path}", timeout=60) as answer:  # noqa: S310 - https, a constant
            content = answer.read()
    except OSError as error:
        raise SystemExit(f"{path} could not be fetched: {error}. Check the network, and try again.") from error
    if _digest(content) != promised:
        raise SystemExit(f"{path} has SHA-256 {_digest(content)}, but {promised} is promised. It was thrown away.")
    partial = file.with_suffix(f".{os.getpid()}")
    partial.write_bytes(content)
    partial.rename(file)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(folder: Path) -> None:
    """All of them, eight at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda line: fetch(line, folder), LIST.read_text().splitlines()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

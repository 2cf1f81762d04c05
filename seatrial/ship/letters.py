"""Keeps the lines that cannot become documents: in a file here, and in an index of their own."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.ship.lines import Document, Letter

# Its name in the folder of a shipper.
LETTERS = "dead-letters.jsonl"


@dataclass(frozen=True, slots=True)
class LetterBox:
    """`file` has one JSON object per letter, `index` a document. A line that is met again has the same id in both."""

    file: Path
    index: str

    def keep(self, letters: Iterable[Letter]) -> list[Document]:
        """Write them down, on the disk when this returns, and give the documents that are to be sent."""
        documents = [self._document(letter) for letter in letters]
        if documents:
            with self.file.open("ab") as opened:
                # Begun on a line of its own: the end of the last may be missing, of a process that was killed.
                opened.write(b"".join(b"\n" + document.body for document in documents) + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
        return documents

    def _document(self, letter: Letter) -> Document:
        body = json.dumps(letter.fields(time.time()) | {"letter.id": letter.id}, ensure_ascii=False)
        return Document(
            self.index, letter.id, body.encode("utf-8", "replace"), letter.source, letter.path, letter.offset
        )


def read_letters(file: Path) -> Iterator[dict[str, Any]]:
    """Each letter once, as it was written last; none without a file."""
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        with contextlib.suppress(ValueError):  # empty, or cut off: it was written again then
            document = json.loads(line)
            found[document["letter.id"]] = document
    yield from found.values()

import json
from pathlib import Path

import pytest

from seatrial.project.telemetry import LogRoles
from seatrial.ship.following import Chunk, FileId, Source
from seatrial.ship.lines import Document, Letter, Sorter
from seatrial.ship.names import IndexNames

SOURCE = Source("web", "web-1", Path("web-1.jsonl"))
SORTER = Sorter(IndexNames.of("shop"), {"web": LogRoles(timestamp="@timestamp", event_id="event.id")})


def sort(*lines: bytes) -> list[Document | Letter]:
    chunk = Chunk(SOURCE, SOURCE.path, FileId(1, 2), 100, 100 + sum(len(line) + 1 for line in lines), lines)
    return list(SORTER.sort(chunk))


def line(**fields: object) -> bytes:
    return json.dumps({"@timestamp": "2026-11-26T01:02:03.000004Z", "event.id": "e1", **fields}).encode()


def test_a_line_becomes_a_document_of_its_own_day_as_it_was_written() -> None:
    (document,) = sort(line())
    assert isinstance(document, Document)
    assert (document.index, document.id, document.body) == ("seatrial-shop-logs-2026.11.26", "e1", line())


def test_the_day_is_the_events_in_utc() -> None:
    (document,) = sort(line(**{"@timestamp": "2026-11-26T00:30:00+01:00"}))
    assert isinstance(document, Document)
    assert document.index.endswith("2026.11.25")


def test_offsets_are_those_of_the_lines() -> None:
    documents = sort(line(), b"", line())
    assert [each.offset for each in documents] == [100, 100 + len(line()) + 2]


@pytest.mark.parametrize(
    "bad, reason",
    [
        (b'{"event.id":', "no JSON:"),
        (b"\xff\xfe", "no JSON:"),
        (b"[" * 100_000, "no JSON:"),
        (b'"text"', "no JSON object"),
        (line(**{"event.id": None}), "no text in event.id"),
        (line(**{"event.id": ""}), "no text in event.id"),
        (line(**{"event.id": 7}), "no text in event.id"),
        (line(**{"event.id": "x" * 513}), "event.id is longer than 512 bytes"),
        (line(**{"event.id": "ä" * 257}), "event.id is longer than 512 bytes"),
        (line(**{"@timestamp": "yesterday"}), "no time that can be read in @timestamp"),
        (line(**{"@timestamp": 12}), "no time that can be read in @timestamp"),
    ],
)
def test_what_elasticsearch_would_refuse_a_batch_for_is_a_letter(bad: bytes, reason: str) -> None:
    before, letter, after = sort(line(), bad, line())
    assert isinstance(letter, Letter)
    assert letter.reason.startswith(reason)
    assert isinstance(before, Document)
    assert isinstance(after, Document)


def test_a_letter_keeps_the_line_and_where_it_stood() -> None:
    (letter,) = sort(b"rubbish")
    assert isinstance(letter, Letter)
    fields = letter.fields(0.0)
    assert fields["event.original"] == "rubbish"
    assert (fields["service.name"], fields["log.file.path"], fields["log.offset"]) == ("web", "web-1.jsonl", 100)


def test_a_letter_has_the_same_id_in_every_copy_of_its_file() -> None:
    first, second = (Letter("why", "", b"rubbish", SOURCE, path, 5).id for path in ("web-1.jsonl", "web-1.jsonl.1"))
    assert first == second != Letter("why", "", b"rubbish", SOURCE, "web-1.jsonl", 6).id

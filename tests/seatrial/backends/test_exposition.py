from __future__ import annotations

import pytest

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Series, parse_exposition

TEXT = """# HELP requests_seconds Time.
# TYPE requests_seconds histogram
requests_seconds_bucket{route="/a",le="1"} 3.0
requests_seconds_bucket{route="/a",le="+Inf"} 4.0
requests_seconds_count{route="/a"} 4.0
requests_seconds_sum{route="/a"} 2.5
# TYPE busy gauge
busy 2
"""


def test_every_sample_is_a_series() -> None:
    samples = parse_exposition(TEXT)
    assert samples[Series("requests_seconds_count", (("route", "/a"),))] == 4.0
    assert samples[Series("busy", ())] == 2.0
    assert len(samples) == 5


@pytest.mark.parametrize("edge", ["1", "1.0"])
def test_bucket_edges_are_written_one_way(edge: str) -> None:
    (series,) = parse_exposition(f'x_bucket{{le="{edge}"}} 3\n')
    assert series.label("le") == "1.0"


def test_an_absent_label_is_empty() -> None:
    assert Series("x", ()).label("route") == ""


@pytest.mark.parametrize(
    "text",
    ["", "# only a comment\n", "<html><body>502</body></html>", '{"status": "up"}', "hello world\n", "a 1\na 2\n",
     'a{b="c"} x\n', "a\n", "\x00\x01 1\n", 'a{x="1" 5\n', 'x_bucket{le="wide"} 1\n'],
    ids=["empty", "comment", "HTML", "JSON", "words", "twice", "no number", "no value", "binary", "open brace", "edge"],
)  # fmt: skip
def test_rubbish_is_an_error(text: str) -> None:
    with pytest.raises(NotExposition):
        parse_exposition(text)

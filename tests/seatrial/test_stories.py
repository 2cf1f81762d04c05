from __future__ import annotations

from typing import Any

from seatrial.backends.logs import LogLine
from seatrial.stories import stories


def line(trace: str, at: float) -> LogLine:
    return LogLine(trace, "front", at, 0.1, "served", "info", "did", "200", "", "", "s", "p")


def test_each_request_has_the_lines_of_its_trace_in_the_order_of_their_ends() -> None:
    rows: list[dict[str, Any]] = [{"trace_id": "a", "why": "slow"}, {"trace_id": "b", "why": "failed"}]
    document = stories(rows, [line("a", 2.0), line("c", 1.0), line("a", 1.0)])
    found = {each["trace_id"]: [told["at"] for told in each["lines"]] for each in document["requests"]}
    assert found == {"a": [1.0, 2.0], "b": []}

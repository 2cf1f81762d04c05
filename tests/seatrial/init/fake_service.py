"""A service that exists in memory: it answers, counts and logs as a plain Flask service would."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seatrial.init.probing import Answer

URL = "http://127.0.0.1:5000"


@dataclass
class FakeService:
    """`routes` maps a path to the rule it is served by; `counts_itself`: readings of its metrics are requests too."""

    routes: Mapping[str, str]
    url: str = URL
    documents: Mapping[str, str] = field(default_factory=dict)
    metric: str | None = "hits_total"
    counts_itself: bool = True
    log: Path | None = None
    line: Callable[[str, str, int, str], str] | None = None
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, headers: Mapping[str, str]) -> Answer | None:
        if not url.startswith(self.url):
            return None
        path = url.removeprefix(self.url)
        self.asked.append(path)
        if path in self.documents:
            return Answer(200, self.documents[path])
        if path == "/metrics" and self.metric:
            shown = self.exposition()
            if self.counts_itself:
                self._served("/metrics", 200, "")
            return Answer(200, shown)
        rule = self.routes.get(path.partition("?")[0])
        status = 200 if rule else 404
        self._served(rule or "none", status, headers.get("traceparent", ""))
        return Answer(status, "{}")

    def _served(self, rule: str, status: int, parent: str) -> None:
        self.hits[rule, str(status)] += 1
        if self.log is not None:
            with self.log.open("a") as file:
                file.write((self.line or json_line)(rule, "GET", status, parent) + "\n")

    def exposition(self) -> str:
        lines = [f"# TYPE {self.metric} counter"]
        lines += [
            f'{self.metric}{{verb="GET",rule="{rule}",code="{code}"}} {number}'
            for (rule, code), number in self.hits.items()
        ]
        return "\n".join([*lines, "process_start_time_seconds 1", ""])


@dataclass
class Together:
    """Several services on one machine."""

    services: tuple[FakeService, ...]

    def get(self, url: str, headers: Mapping[str, str]) -> Answer | None:
        answers = (each.get(url, headers) for each in self.services)
        return next((answer for answer in answers if answer is not None), None)


def json_line(rule: str, method: str, status: int, parent: str) -> str:
    _, trace, span, *_ = [*parent.split("-"), "", "", ""]
    line = {"lvl": "INFO", "msg": "request", "verb": method, "rule": rule, "code": status}
    return json.dumps(line | ({"trace": trace, "caller": span} if trace else {}))

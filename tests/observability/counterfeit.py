"""A server that stands for Elasticsearch and Kibana both: it notes what it is asked, and answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

ALL_WELL = (200, '{"success":true}')


class Asked(NamedTuple):
    """`line` is `METHOD path`; names of headers are in small letters."""

    line: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Counterfeit:
    """`answers` has, by `METHOD path`, what is answered in turn, the last for ever; what is not there goes well."""

    url: str = ""
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [each.line for each in self.asked]

    def answer(self, asked: Asked) -> tuple[int, str]:
        self.asked.append(asked)
        left = self.answers.get(asked.line, [ALL_WELL])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving() -> Iterator[Counterfeit]:
    counterfeit = Counterfeit()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = counterfeit.answer(Asked(f"{self.command} {path}", query, headers, body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is noted."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        counterfeit.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield counterfeit
        server.shutdown()

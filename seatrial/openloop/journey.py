"""One arrival's way through the target: its requests one after the other, each timed from its intended start.

A journey function takes a `Journey`, asks for steps and thinks between them; it ends at its first wrong answer.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from seatrial.openloop.client import Client
from seatrial.openloop.errors import ExchangeError, JourneyFailed
from seatrial.openloop.recorder import RequestRow
from seatrial.openloop.steps import Answer, Asked, Step

Script = Callable[["Journey"], None]
Report = Callable[[RequestRow, Step], None]
KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all journeys of a run share.

    `now` is the run's clock, `stage_at` names the stage of an instant, `report` keeps a row, `think` bounds
    the think times in seconds, `data` is the identities document (empty without one).
    """

    client: Client
    now: Callable[[], float]
    stage_at: Callable[[float], str]
    report: Report
    think: tuple[float, float] = (0.0, 0.0)
    data: Mapping[str, Any] = field(default_factory=dict)
    sleep: Callable[[float], object] = time.sleep


@dataclass(slots=True)
class _Attempt:
    """One request under way. It begins as what it is if its greenlet is killed before anything happens."""

    trace: str = field(default_factory=lambda: os.urandom(16).hex())
    span: str = field(default_factory=lambda: os.urandom(8).hex())
    answer: Answer | None = None
    outcome: str = "unfinished"
    error: str = "not sent: ended before"

    def make(self, client: Client, step: Step, target: str, body: bytes, asked: Asked) -> None:
        try:
            pending = client.send(step.method, target, asked.headers, body)
            self.error = "ended before the answer"
            self.answer = client.receive(pending)
        except ExchangeError as failure:
            self.outcome, self.error = failure.outcome, str(failure)
        else:
            wrong = step.wrong(self.answer, asked)
            self.outcome, self.error = ("wrong", wrong) if wrong else ("ok", "")

    def ref(self, step: Step) -> str:
        """The id that a right answer gives; a problem document has none."""
        if step.ref is None or self.answer is None or self.outcome != "ok":
            return ""
        try:
            return str(self.answer.json.get(step.ref, ""))
        except (AttributeError, ValueError):
            return ""


class Journey:
    """What a journey function is given.

    `random` is its own seeded source, so the same seed takes the same way; a `token` set by the function is
    sent on steps that are `authorized`; `data` is the identities document.
    """

    def __init__(self, name: str, scheduled: float, seed: int, around: Surroundings) -> None:
        self.name = name
        self.random = Random(seed)
        self.token: str | None = None
        self._due = scheduled
        self._around = around

    @property
    def data(self) -> Mapping[str, Any]:
        """The identities document."""
        return self._around.data

    def think(self) -> None:
        """Put a drawn think time between the last answer and the next request's intended start."""
        self._due += self.random.uniform(*self._around.think)

    def do(
        self,
        step: Step,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        equal: Mapping[str, Any] | None = None,
        like: Answer | None = None,
        **path: str,
    ) -> Answer:
        """Ask for `step`; `path` fills the braces of its route, `body` is sent as JSON.

        `headers` are added to the step's own and go before them (`bearer`, `keyed`); `equal` and `like` say more of
        what the right answer is (see `Asked`). Raises JourneyFailed when it is not right; its row is written either way.
        """
        target, payload = step.target(path, query), b"" if body is None else _json(body)
        attempt = _Attempt()
        sent = self._headers(step, attempt, has_body=body is not None) | dict(headers or {})
        asked = Asked(sent, step.echoed(path, body) | dict(equal or {}), like)
        ahead = self._due - self._around.now()
        if ahead > 0:
            self._around.sleep(ahead)
        start = self._around.now()
        try:
            attempt.make(self._around.client, step, target, payload, asked)
        finally:
            # A greenlet that the drain kills passes here too: the server may have seen its request.
            self._settle(step, attempt, start, sent.get(KEY, ""))
        if attempt.answer is None or attempt.outcome != "ok":
            raise JourneyFailed(step.name, attempt.error)
        return attempt.answer

    def _headers(self, step: Step, attempt: _Attempt, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "traceparent": f"00-{attempt.trace}-{attempt.span}-01"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if step.keyed:
            headers |= keyed(fresh_key())
        if step.authorized and self.token:
            headers |= bearer(self.token)
        return headers

    def _settle(self, step: Step, attempt: _Attempt, start: float, key: str) -> None:
        end, answer = self._around.now(), attempt.answer
        row = RequestRow(
            stage=self._around.stage_at(self._due),
            journey=self.name,
            step=step.name,
            method=step.method,
            route=step.route,
            intended_start=self._due,
            start=start,
            duration=end - start,
            status=answer.status if answer else None,
            outcome=attempt.outcome,
            bytes=len(answer.body) if answer else 0,
            trace_id=attempt.trace,
            span_id=attempt.span,
            key=key,
            ref=attempt.ref(step),
            error=attempt.error,
        )
        self._due = end
        self._around.report(row, step)


def fresh_key() -> str:
    """A key that no request has had."""
    return str(uuid.uuid4())


def keyed(key: str) -> dict[str, str]:
    """The header by which a target knows a request that it was sent before."""
    return {KEY: key}


def bearer(token: str) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


def _json(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()

"""Somebody's back service, of another team: another metric, other labels, other log fields, no health endpoint."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from flask import Flask, Response, g, jsonify, request
from prometheus_client import Histogram, generate_latest

app = Flask(__name__)
answers = Histogram("rates_answer_seconds", "Time to answer.", ["handler", "result"])
log = Path(os.environ["RATES_LOG"]).open("a", buffering=1)  # noqa: SIM115 - open for as long as the service lives
DELAY = float(os.environ.get("RATES_DELAY_SECONDS", "0"))
RATES = {"eur": 0.92, "gbp": 0.79, "jpy": 149.5}


@app.before_request
def note_time() -> None:
    g.began = time.perf_counter()


@app.after_request
def observe(response: Response) -> Response:
    seconds, handler = time.perf_counter() - g.began, str(request.url_rule)
    answers.labels(handler, str(response.status_code)).observe(seconds)
    log.write(
        json.dumps({"ts": time.time(), "lvl": 30, "ev": "answered", "handler": handler, "result": response.status_code})
        + "\n"
    )
    return response


@app.get("/rates/<string:currency>")
def rate(currency: str) -> Response:
    time.sleep(DELAY)
    return jsonify(rate=RATES[currency])


@app.get("/internal/prom")
def metrics() -> Response:
    return Response(generate_latest(), content_type="text/plain; version=0.0.4")

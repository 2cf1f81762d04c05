"""Somebody's front service: quotes amounts in other currencies, by rates that it asks another service for."""

from __future__ import annotations

import json
import os
import sys
import time

import requests
from flask import Flask, Response, g, jsonify, request
from prometheus_client import Counter, generate_latest

app = Flask(__name__)
hits = Counter("quotes_http_hits", "Hits, by page.", ["verb", "page", "code"])
rates = requests.Session()
rates.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))
RATES_URL = os.environ["RATES_URL"]


@app.before_request
def note_time() -> None:
    g.began = time.perf_counter()


@app.after_request
def count(response: Response) -> Response:
    told = {"verb": request.method, "page": str(request.url_rule), "code": response.status_code}
    hits.labels(**told).inc()
    told |= {"time": time.strftime("%FT%TZ", time.gmtime()), "severity": "INFO", "text": "hit"}
    sys.stdout.write(json.dumps(told | {"millis": (time.perf_counter() - g.began) * 1000}) + "\n")
    sys.stdout.flush()
    return response


@app.get("/")
def currencies() -> Response:
    return jsonify(currencies=["eur", "gbp", "jpy"])


@app.get("/quotes/<currency>")
def quote(currency: str) -> Response:
    rate = rates.get(f"{RATES_URL}/rates/{currency}", timeout=3).json()["rate"]
    return jsonify(currency=currency, total=round(100 * rate, 2))


@app.get("/ping")
def ping() -> str:
    return "pong"


@app.get("/metrics")
def metrics() -> Response:
    return Response(generate_latest(), content_type="text/plain; version=0.0.4")

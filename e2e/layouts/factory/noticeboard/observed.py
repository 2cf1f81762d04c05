"""Metrics and log lines under names of its own, on the port of the traffic."""

from __future__ import annotations

import json
import sys
import time

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, ProcessCollector, generate_latest


def init_app(app: Flask) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    hits = Counter("board_hits", "Requests that were answered.", ["verb", "rule", "code"], registry=registry)

    @app.before_request
    def begin() -> None:
        g.began = time.time()

    @app.after_request
    def count(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "none"
        hits.labels(request.method, rule, str(response.status_code)).inc()
        version, trace, span, *_ = [*request.headers.get("traceparent", "").split("-"), "", "", ""]
        line = {
            "ts": g.began,
            "lvl": "ERROR" if response.status_code >= 500 else "INFO",
            "msg": "request",
            "verb": request.method,
            "rule": rule,
            "code": response.status_code,
            "ms": round((time.time() - g.began) * 1000, 3),
        }
        if version:
            line |= {"trace": trace, "caller": span}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

"""The course of a load, gathered by DuckDB from the samples: per bin of time, by latency, and per step.

Owns the queries; a million rows become some hundreds of figures here, and nothing after this sees a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.report.html.source import Source

MOST_BINS = 600
# Bins of the distribution, per decade of latency: 20 are 12 % wide.
PER_DECADE = 20
OUTCOMES = ("wrong", "timeout", "error", "unfinished")
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Course:
    """`times` are the seconds since load began at which bins of `width` seconds begin; the columns are named in the queries.

    `spread` has the edges of latency bins (`low`, `high`, seconds) and the requests in them, `ok` and `failed`.
    """

    width: float = 1.0
    times: Columns = field(default_factory=dict)
    spread: Columns = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()


def read_course(source: Source) -> Course:
    """Gather what the charts show; empty without samples."""
    import duckdb

    requests, journeys = source.requests, source.journeys
    if requests is None or journeys is None or source.profile is None:
        return Course()
    with duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        _view(database, "request", requests, ", start + duration - intended_start AS latency")
        _view(database, "journey", journeys, "")
        seconds = source.profile.seconds + source.profile.drain_seconds
        width = float(max(1, math.ceil(seconds / MOST_BINS)))
        judged = sorted(source.profile.judged())
        return Course(width, _times(database, source.began, width), _spread(database), tuple(_steps(database, judged)))


def _view(database: Any, name: str, file: Path, more: str) -> None:
    quoted = str(file).replace("'", "''")
    database.execute(f"CREATE VIEW {name} AS SELECT *{more} FROM read_parquet('{quoted}')")  # noqa: S608 - our own file


def _times(database: Any, began: float, width: float) -> dict[str, NDArray[Any]]:
    due = _binned(database, _DUE, began, width)
    parts = [due, *(_binned(database, query, began, width) for query in (_ENDED, _SCHEDULED, _FINISHED))]
    bins = np.unique(np.concatenate([part["bin"] for part in parts]))
    found: dict[str, NDArray[Any]] = {"second": bins * width}
    for part in parts:
        places = np.searchsorted(bins, part["bin"])
        for name, values in part.items():
            if name != "bin":
                empty = np.nan if name in _MEASURED else 0.0
                column = np.full(bins.size, empty)
                column[places] = np.ma.filled(values.astype(np.float64), np.nan)
                found[name] = column if name in _MEASURED else column / width
    return found


_MEASURED = frozenset({"p50", "p95", "p99", "lag_p99"})
_DUE = """
    SELECT floor((intended_start - $began) / $width) AS bin, count(*) AS due,
        quantile_disc(latency, 0.5) AS p50, quantile_disc(latency, 0.95) AS p95, quantile_disc(latency, 0.99) AS p99,
        count(*) FILTER (outcome = 'wrong') AS wrong, count(*) FILTER (outcome = 'timeout') AS timeout,
        count(*) FILTER (outcome = 'error') AS error, count(*) FILTER (outcome = 'unfinished') AS unfinished
    FROM request GROUP BY bin ORDER BY bin"""
_ENDED = """
    SELECT floor((start + duration - $began) / $width) AS bin, count(*) AS ended
    FROM request GROUP BY bin ORDER BY bin"""
_SCHEDULED = """
    SELECT floor((scheduled - $began) / $width) AS bin, count(*) AS arrivals,
        count(*) FILTER (outcome = 'shed') AS shed, quantile_disc(started - scheduled, 0.99) AS lag_p99
    FROM journey GROUP BY bin ORDER BY bin"""
_FINISHED = """
    SELECT floor((finished - $began) / $width) AS bin, count(*) AS completions
    FROM journey WHERE finished IS NOT NULL GROUP BY bin ORDER BY bin"""


def _binned(database: Any, query: str, began: float, width: float) -> Columns:
    found: Columns = database.execute(query, {"began": began, "width": width}).fetchnumpy()
    return found


def _spread(database: Any) -> Columns:
    found = database.execute(
        "SELECT floor(log10(greatest(latency, 1e-6)) * $fine) AS bin, count(*) FILTER (outcome = 'ok') AS ok, "
        "count(*) FILTER (outcome <> 'ok') AS failed FROM request GROUP BY bin ORDER BY bin",
        {"fine": PER_DECADE},
    ).fetchnumpy()
    low, high = (10 ** ((found["bin"] + more) / PER_DECADE) for more in (0, 1))
    return {"low": low, "high": high, "ok": found["ok"], "failed": found["failed"]}


def _steps(database: Any, judged: list[str]) -> list[Mapping[str, Any]]:
    """Per step of the whole run; percentiles of judged stages, where there are some."""
    rows = database.execute(
        "SELECT step, any_value(method) AS method, any_value(route) AS route, count(*) AS requests, "
        "count(*) FILTER (outcome <> 'ok') AS failed, "
        "count(*) FILTER (list_contains($judged, stage)) AS judged, "
        "quantile_disc(latency, 0.5) FILTER (list_contains($judged, stage)) AS p50, "
        "quantile_disc(latency, 0.95) FILTER (list_contains($judged, stage)) AS p95, "
        "quantile_disc(latency, 0.99) FILTER (list_contains($judged, stage)) AS p99, max(latency) AS most "
        "FROM request GROUP BY step ORDER BY step",
        {"judged": judged},
    )
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

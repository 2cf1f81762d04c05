"""A first load from an access log: its routes by how often they were asked.

Owns the counting and the choice. Leaves lines to `log_lines`, and what is a parameter to `folding`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl

from seatrial.errors import ConfigError
from seatrial.init.folding import fold
from seatrial.init.log_lines import KNOWN, Hit, read_line
from seatrial.init.route import BRACES, Found, LeftOut, Route, Sample

MOST_ROUTES = 12
MOST_SAMPLES = 5
# Beyond this many lines the frequencies no longer change.
MOST_LINES = 1_000_000
GREATEST_WEIGHT = 100
STATIC = re.compile(
    r"\.(css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|mp4|webm|pdf|txt|xml)$", re.IGNORECASE
)
TELEMETRY = re.compile(r"^/(metrics|-/.*|(.*/)?(healthz?|livez?|readyz?|ping|status)(/.*)?)$", re.IGNORECASE)
PRIVATE = re.compile(
    r"token|secret|passw|session|auth|signature|^sig$|^code$|^key$|api_?key|e?mail|phone", re.IGNORECASE
)
OK, BAD_REQUEST, NOT_MODIFIED = 200, 400, 304


def routes_of_log(file: Path, lines: Iterable[str]) -> Found:
    """The routes that were asked most. Raises ConfigError when no line can be read, or none asks for anything."""
    hits, unread, example = _read(lines)
    if not hits:
        raise ConfigError(
            f"no line is of a known format ({KNOWN}); the first is {example[:80]!r}. Give another log, or OpenAPI.",
            file=file,
        )
    left_out = [LeftOut(f"{unread} lines", "of no known format")] if unread else []
    kept: Counter[Hit] = Counter()
    away: Counter[str] = Counter()
    for hit, count in hits.items():
        reason = _unwanted(hit)
        away[reason] += count
        if not reason:
            kept[hit] += count
    left_out += [LeftOut(f"{count} requests", reason) for reason, count in away.most_common() if reason]
    if not kept:
        told = "; ".join(f"{each.what}: {each.reason}" for each in left_out)
        raise ConfigError(f"no GET in it was answered well ({told}). Give another log, or OpenAPI.", file=file)
    routes = sorted(_routes(kept), key=lambda route: (-route.weight, route.template))
    return Found(_weighed(routes[:MOST_ROUTES]), (*left_out, *_rare(routes)))


def _read(lines: Iterable[str]) -> tuple[Counter[Hit], int, str]:
    """Counts by request, the number of lines that say nothing, and one of these."""
    hits: Counter[Hit] = Counter()
    unread, example = 0, ""
    for line in itertools.islice(lines, MOST_LINES):
        hit = read_line(line)
        if hit is not None:
            hits[hit] += 1
        elif line.strip():
            unread, example = unread + 1, example or line.strip()
    return hits, unread, example


def _unwanted(hit: Hit) -> str:
    """Why a request is no part of a first load; empty when it is."""
    if hit.method != "GET":
        return f"{hit.method}: a log does not tell what was sent; add it by hand"
    if hit.status >= BAD_REQUEST:
        return f"answered {hit.status // 100}xx"
    if STATIC.search(hit.path):
        return "static files"
    return "health and metrics" if TELEMETRY.match(hit.path) else ""


def _routes(kept: Counter[Hit]) -> Iterator[Route]:
    """`weight` is the count yet."""
    folded = fold({hit.path for hit in kept})
    own: dict[str, Counter[Hit]] = defaultdict(Counter)
    for hit, count in kept.items():
        own[folded[hit.path].template][hit] += count
    for template, hits in own.items():
        values: Counter[tuple[str, ...]] = Counter()
        for hit, count in hits.items():
            values[folded[hit.path].values] += count
        names, query = BRACES.findall(template), _commonest_query(hits)
        yield Route(
            template,
            samples=tuple(
                Sample(dict(zip(names, row, strict=True)), query) for row, _ in values.most_common(MOST_SAMPLES)
            ),
            statuses=tuple(sorted({OK if hit.status == NOT_MODIFIED else hit.status for hit in hits})),
            weight=hits.total(),
        )


def _commonest_query(hits: Counter[Hit]) -> dict[str, str]:
    """What most requests of a route asked for; a query that may carry somebody's secret is never repeated."""
    queries: Counter[str] = Counter()
    for hit, count in hits.items():
        queries[hit.query] += count
    chosen = dict(parse_qsl(queries.most_common(1)[0][0], keep_blank_values=True))
    return {} if any(PRIVATE.search(name) for name in chosen) else chosen


def _weighed(routes: list[Route]) -> tuple[Route, ...]:
    most = max(route.weight for route in routes)
    share = min(1.0, GREATEST_WEIGHT / most)
    return tuple(
        Route(route.template, route.samples, route.statuses, max(1, round(route.weight * share))) for route in routes
    )


def _rare(routes: list[Route]) -> list[LeftOut]:
    rare = routes[MOST_ROUTES:]
    count = sum(route.weight for route in rare)
    return [LeftOut(f"{count} requests", f"{len(rare)} rarer routes, as GET {rare[0].template}")] if rare else []

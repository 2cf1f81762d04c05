"""How a service's telemetry names routes, against what was asked: so that counts can be compared route by route.

Flask writes a parameter as `<int:item_id>`; the harness reads that as `{item_id}`, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from seatrial.init.route import BRACES, Route, Sample

FLASK = re.compile(r"<(?:[^:<>]*:)?([^<>]+)>")


class Named(NamedTuple):
    """A path that was asked for the sake of a template, and what the service calls the route of it."""

    template: str
    path: str
    name: str

    @property
    def route(self) -> str:
        """The service's name in OpenAPI's braces."""
        return FLASK.sub(r"{\1}", self.name)

    @property
    def is_route(self) -> bool:
        """Whether that is a URL template of the path; the path itself is none where it was asked for a template."""
        if not BRACES.search(self.route):
            return self.route == self.template
        return values_of(self.path, self.route) is not None


def values_of(path: str, template: str) -> dict[str, str] | None:
    """What the parameters of a template are in a path, or None when the path is not of this template."""
    names = BRACES.findall(template)
    if not all(name.isidentifier() for name in names) or len(set(names)) < len(names):
        return None
    parts = BRACES.split(template)
    pattern = "([^/]+)".join(re.escape(part) for part in parts[::2])
    found = re.fullmatch(pattern, path)
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


def renamed(routes: Iterable[Route], named: Sequence[Named]) -> tuple[Route, ...]:
    """The routes as the service's telemetry calls them; those that turn out to be one are made one."""
    names = {each.template: each.route for each in named if each.is_route}
    merged: dict[str, Route] = {}
    for route in routes:
        again = _renamed(route, names.get(route.template, route.template))
        before = merged.get(again.template)
        merged[again.template] = _together(before, again) if before else again
    return tuple(merged.values())


def _renamed(route: Route, template: str) -> Route:
    if template == route.template:
        return route
    samples = []
    for each in route.samples:
        values = values_of(route.target(each).partition("?")[0], template)
        if values is None:
            return route
        samples.append(Sample(values, each.query, each.guessed))
    return replace(route, template=template, samples=tuple(samples))


def _together(one: Route, other: Route) -> Route:
    return replace(
        one,
        samples=(*one.samples, *(each for each in other.samples if each not in one.samples)),
        statuses=tuple(sorted({*one.statuses, *other.statuses})),
        weight=one.weight + other.weight,
    )

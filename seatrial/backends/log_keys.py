"""What a request's line is counted by, from the fields of one line or document: as `log_layout` has it in SQL.

The two are held together by a test that gives both the same lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.backends.log_layout import braced
from seatrial.checks.inputs import ANY, RequestKey
from seatrial.project.telemetry import ClientRequestLine, LogRoles, Roles, ServerRequestLine

SERVED, CALLED = "served", "called"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Of one service's lines."""

    roles: LogRoles
    ignored: Collection[str] = ()

    @classmethod
    def of(cls, roles: Roles) -> LogKeys:
        """Of a service's roles, which must have some of its log."""
        return cls(roles.log or LogRoles(), roles.ignored_routes)

    def fields(self) -> list[str]:
        """Every field that is looked at."""
        lines = (self.roles.server_request, self.roles.client_request)
        named = [
            value
            for line in lines
            if line
            for key, value in line.model_dump(exclude_none=True).items()
            if key != "event"
        ]
        return list(dict.fromkeys([*([self.roles.event] if self.roles.event else []), *named]))

    def kind(self, fields: Mapping[str, Any]) -> str:
        """SERVED, CALLED, or empty for any other line and for requests that are ignored."""
        server, client = self.roles.server_request, self.roles.client_request
        if client is not None and self._is(client, [client.callee], fields):
            return CALLED
        if server is None:
            return ""
        named = [name for name in (server.method, server.route, server.status) if name]
        ignored = server.route is not None and fields.get(server.route) in self.ignored
        return SERVED if self._is(server, named, fields) and not ignored else ""

    def request(self, fields: Mapping[str, Any]) -> RequestKey | None:
        """The key of a request that was served; None for any other line."""
        server = self.roles.server_request
        if server is None or self.kind(fields) != SERVED:
            return None
        method, route, status = (_text(fields, name) for name in (server.method, server.route, server.status))
        return RequestKey(method, braced(route), status)

    def _is(self, line: ServerRequestLine | ClientRequestLine, names: list[str], fields: Mapping[str, Any]) -> bool:
        if line.event is not None and self.roles.event is not None:
            return bool(fields.get(self.roles.event) == line.event)
        return all(fields.get(name) is not None for name in names)


def _text(fields: Mapping[str, Any], name: str | None) -> str:
    if name is None:
        return ANY
    value = fields.get(name)
    return "" if value is None else str(value)

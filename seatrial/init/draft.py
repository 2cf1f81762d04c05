"""The fleet as it was asked for, before anything was looked at: the model of fleet.yml, and of a project around it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from seatrial.errors import UsageError
from seatrial.init.wishes import Wish, Wishes
from seatrial.project.fleet import Admin, Elsewhere, Fleet, Service
from seatrial.project.fleet_checks import problems_of
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry


def draft_fleet(wishes: Wishes, name: str) -> Fleet:
    """Services with their commands and addresses. Raises UsageError for a command that could not be started."""
    fleet = Fleet(name=name, entry=wishes.entry, services={wish.name: _service(wish) for wish in wishes.services})
    problems = problems_of(fleet)
    if problems:
        raise UsageError(" ".join(problem.message for problem in problems))
    return fleet


def draft_project(fleet: Fleet, root: Path) -> Project:
    """What a stack needs in order to start the fleet for a look: no telemetry, no Prometheus, no load."""
    return Project(file=root / "seatrial.yml", fleet=fleet, telemetry=Telemetry(), hooks=Hooks())


def _service(wish: Wish) -> Service:
    """A command without {port} listens where its address says."""
    path, admin_url = _metrics(wish)
    port = (urlsplit(wish.url).port if wish.url else None) or None
    return Service(
        command=wish.command or None,
        port=port if wish.command else None,
        calls=wish.calls,
        environment=dict(wish.environment),
        admin=Admin(metrics=path) if path else None,
        log=_own_log(wish),
        external=_external(wish, admin_url),
    )


def _own_log(wish: Wish) -> str | None:
    """Where a started replica is looked at first: what it is told, else its standard output."""
    if not wish.command:
        return None
    return wish.log or (
        None if any("{log_file}" in word for word in (*wish.command, *dict(wish.environment).values())) else "stdout"
    )


def _external(wish: Wish, admin_url: str | None) -> tuple[Elsewhere, ...]:
    if wish.url is None:
        return ()
    return (Elsewhere(url=wish.url, admin_url=admin_url, log=None if wish.command else wish.log),)


def _metrics(wish: Wish) -> tuple[str | None, str | None]:
    """The path of the metrics, and the address they are at when it is another than the service's."""
    if wish.metrics is None:
        return None, None
    if wish.metrics.startswith("/"):
        return wish.metrics, None
    parts = urlsplit(wish.metrics)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"--metrics {wish.name}={wish.metrics} is neither a path nor a URL. Write /metrics.")
    if wish.command:
        raise UsageError(
            f"--metrics {wish.name}={wish.metrics}: the port of a service that is started is another each time. "
            "Give the path, and write {admin_port} into the command when metrics have a port of their own."
        )
    return parts.path or "/metrics", f"{parts.scheme}://{parts.netloc}"

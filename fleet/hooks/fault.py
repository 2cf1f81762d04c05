"""Sets faults on every replica of the services they name, and lifts them, through the replicas' admin ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from fleet.hooks.documents import Document, HookError, Replica, replicas, run

TIMEOUT = (2.0, 5.0)  # seconds: connect, read
TAKEN_BY_REPLICA = ("name", "value", "route", "share")


def fault(document: Document, session: requests.Session | None = None) -> dict[str, object]:
    """Apply or lift what the document lists; lifting an empty list lifts everything everywhere.

    Raises:
        HookError: another action, an unknown service, or a replica that refuses.
    """
    session = session or _session()
    match document.get("action"):
        case "apply":
            return {"applied": _apply(session, document)}
        case "lift":
            return {"lifted": _lift(session, document)}
        case other:
            raise HookError(f"The action {other!r} is neither apply nor lift.")


def by_service(faults: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What to send to the replicas of each service; absent members are left to the replica's defaults."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for entry in faults:
        members = {name: entry[name] for name in TAKEN_BY_REPLICA if entry.get(name) is not None}
        wanted.setdefault(str(entry["service"]), []).append(members)
    return wanted


def _apply(session: requests.Session, document: Document) -> list[dict[str, Any]]:
    faults = list(document.get("faults") or [])
    for service, wanted in by_service(faults).items():
        for replica in replicas(document, service):
            _send(session, "PUT", replica, wanted)
    return faults


def _lift(session: requests.Session, document: Document) -> list[str]:
    named = by_service(document.get("faults") or [])
    services = list(named) or sorted({str(entry["service"]) for entry in document.get("services") or []})
    for service in services:
        for replica in replicas(document, service):
            _send(session, "DELETE", replica, None)
    return services


def _send(session: requests.Session, method: str, replica: Replica, faults: list[dict[str, Any]] | None) -> None:
    try:
        answer = session.request(method, f"{replica.admin_url}/faults", json=faults, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise HookError(f"{replica.service} does not answer at {replica.admin_url}: {error}.") from error
    if answer.status_code == requests.codes.not_found:
        raise HookError(f"{replica.service} takes no faults; start it with SEATRIAL_FAULTS=1.")
    if not answer.ok:
        raise HookError(f"{replica.service} refuses the faults ({answer.status_code}): {answer.text[:500]}")


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


if __name__ == "__main__":
    run(fault)

"""What can be seen of a stack from outside: the status document, made from stack.json by looking.

Owns the probes and the choice of a run by id. Works the same in the owner and in any other process of this user.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seatrial.errors import UsageError
from seatrial.run_folder import read_json, run_ids
from seatrial.stacks.processes import is_running, is_same, resident_bytes, worker_of

FILE_NAME = "stack.json"
OK = 200
# What a stack restarts beside services, when it has a log pipeline.
COMPONENTS = ("elasticsearch", "shipper")

Probe = Callable[[str], bool]


def answers(url: str, timeout: float = 0.5) -> bool:
    """Whether a GET is answered with 200."""
    return fetch(url, timeout) is not None


def accepts(url: str, timeout: float = 0.5) -> bool:
    """Whether somebody listens there. A connection without a request is counted and logged by no server."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout).close()
    except OSError:
        return False
    return True


def fetch(url: str, timeout: float = 0.5) -> str | None:
    """What a GET is answered with; None unless the status is 200.

    Speaks to the address itself: a proxy of the environment is not asked.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.read().decode(errors="replace") if answer.status == OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_ready(url: str, ready_url: str | None, probe: Probe = answers) -> bool:
    """Whether a replica says so, and takes requests: a server may open its admin port first, by 12 ms as was seen."""
    return (ready_url is None or probe(ready_url)) and accepts(url)


def observe(document: Mapping[str, Any], probe: Probe = answers) -> dict[str, Any]:
    """The status document: stack.json with what is true now of each process, and the memory of all."""
    services = [_observe_replica(entry, probe) for entry in document["services"]]
    logs = document.get("elasticsearch") or {}
    others = [document["prometheus"] or {}, document.get("alertmanager") or {}, logs, logs.get("shipper", {})]
    pids = [entry["main_pid"] for entry in services] + [each.get("pid") for each in others]
    return {
        **document,
        "running": is_same(document["owner_pid"], document["owner_started"]),
        "services": services,
        "resident_bytes": resident_bytes([pid for pid in pids if pid is not None]),
    }


def _observe_replica(entry: Mapping[str, Any], probe: Probe) -> dict[str, Any]:
    """A replica that somebody else has started (`external`) is known by its answers only."""
    main, ready_url = entry["main_pid"], entry["ready_url"]
    alive = main is not None and is_running(main)
    may_be_ready = alive or entry["external"]
    return {
        **{key: value for key, value in entry.items() if key not in {"ready_url", "external"}},
        "worker_pid": worker_of(main, urlsplit(entry["url"]).port or 0) if alive else None,
        "ready": may_be_ready and (probe(ready_url) if ready_url else accepts(entry["url"])),
    }


def read_stack(run_dir: Path) -> dict[str, Any] | None:
    """stack.json of a run; None when its stack was never started."""
    document: dict[str, Any] | None = read_json(run_dir / FILE_NAME)
    return document


def running_stacks(runs: Path) -> list[dict[str, Any]]:
    """stack.json of every run whose owner lives, the latest last."""
    documents = (read_stack(runs / run_id) for run_id in run_ids(runs))
    return [each for each in documents if each and is_same(each["owner_pid"], each["owner_started"])]


def choose_stack(runs: Path, run_id: str | None) -> dict[str, Any]:
    """The named run's stack, or the only one that is running. Raises UsageError listing the candidates."""
    if run_id is not None:
        document = read_stack(runs / run_id)
        if document is None:
            raise UsageError(f"no run {run_id} with a stack. {_listed(running_stacks(runs))}")
        return document
    running = running_stacks(runs)
    if len(running) != 1:
        raise UsageError(f"{'several stacks are' if running else 'no stack is'} running. {_listed(running)}")
    return running[0]


def _listed(running: list[dict[str, Any]]) -> str:
    if not running:
        return "Start one with `seatrial up`."
    return "Name one of: " + ", ".join(f"{each['run']} ({each['state']})" for each in running)


def refuse_unknown(document: Mapping[str, Any], service: str, replica: int | None) -> list[str]:
    """The instances that are meant. Raises UsageError when there are none, listing those that are."""
    entries = document["services"]
    if document.get("elasticsearch") and service in COMPONENTS and replica is None:
        return [service]
    meant = [each["instance"] for each in entries if each["service"] == service and replica in {None, each["replica"]}]
    if not meant:
        wanted = service if replica is None else f"{service}-{replica}"
        known = ", ".join(each["instance"] for each in entries)
        raise UsageError(f"there is no {wanted} in run {document['run']}. Running are: {known}.")
    return meant

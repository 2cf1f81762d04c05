"""What run.json tells of that happened to a run: planned restarts and stops, faults, a full disk. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.checks.inputs import Stop
from seatrial.checks.scrapes import Outage
from seatrial.disk import DISK_FULL
from seatrial.load.profile import Profile


def events(record: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """Those of one kind, oldest first."""
    return [event for event in record.get("events", []) if event.get("kind") == kind]


def outages(record: Mapping[str, Any]) -> list[Outage]:
    """Planned restarts; a scrape or two beside the restart itself may still meet a closed port."""
    return [
        Outage(event["instance"], event["at"] - event["down_seconds"] - 1.0, event["at"] + 1.0)
        for event in events(record, "restart")
    ]


def planned_stops(record: Mapping[str, Any]) -> list[Stop]:
    """How each replica ended that was asked to, from run.json: for a restart, and when the fleet was drained.

    A restart of a replica that had died before stopped nothing.
    """
    restarts = [event["stop"] for event in events(record, "restart") if event["stop"] is not None]
    found = [(stop, "restart") for stop in restarts] + [(event, "drain") for event in events(record, "stop")]
    return [Stop(each["instance"], each["code"], each["seconds"], each["killed"], planned) for each, planned in found]


def full_disk(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What may be lacking because of it, and why; nothing when there was space."""
    for event in events(record, DISK_FULL):
        yield (
            "what was written to the run's folder",
            f"No space left on its disk at {event['full']} of {event['looks']} looks: log lines may be lost or cut, and counts differ by them",
        )


def excuse(profile: Profile, record: Mapping[str, Any]) -> str:
    """Why alerts may fire: what was done to the fleet on purpose."""
    if not profile.alerts:
        return "the profile lets them (alerts: false)"
    done = {
        "fault": "a fault was asked for",
        "restart": "replicas were restarted",
        "component-restart": "parts were restarted",
    }
    return ", ".join(text for kind, text in done.items() if events(record, kind))

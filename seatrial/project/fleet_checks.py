"""Reads fleet.yml, and refuses what is wrong between its parts when each part by itself is right.

Owns the sentences, each with its remedy. Also those for a fleet that is asked for somewhere where it cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.project.fleet import STREAMS, Fleet, placeholders
from seatrial.project.sentences import Keys
from seatrial.project.yaml_source import Problem, load_yaml, validate

PLACEHOLDERS = frozenset(
    [
        "host",
        "port",
        "admin_port",
        "service",
        "replica",
        "instance",
        "store",
        "log_file",
        "discovery_file",
        "run_dir",
        "faults",
    ]
)
ADDRESS_OF = re.compile(r"urls\[(?P<service>[^\]]*)\]")


def load_fleet(file: Path) -> Fleet:
    """Read fleet.yml. Raises ConfigError."""
    source = load_yaml(file)
    fleet = validate(source, Fleet)
    problems = problems_of(fleet)
    if problems:
        raise source.error(problems)
    return fleet


def problems_of(fleet: Fleet) -> list[Problem]:
    """All that is wrong; contradictions only when every brace can be read, since they ask what is in it."""
    return list(_open_or_unknown_braces(fleet)) or list(contradictions(fleet))


def contradictions(fleet: Fleet) -> Iterator[Problem]:
    """What is wrong between the parts."""
    if fleet.entry not in fleet.services:
        yield Problem(("entry",), f"entry names '{fleet.entry}', which is no service. {_known(fleet)}")
    yield from _unknown_callees(fleet)
    yield from _ports_taken_twice(fleet)
    yield from _addresses_given_twice(fleet)
    for name in fleet.services:
        yield from _nowhere(fleet, name)


def refuse_unstartable(fleet: Fleet, replicas: Mapping[str, int]) -> None:
    """Raise UsageError when a service cannot be started here, or not as often as `replicas` asks."""
    lacking = [name for name, service in fleet.services.items() if service.command is None]
    if lacking:
        raise UsageError(
            f"fleet.yml names no command for {', '.join(lacking)}, so it cannot be started here. "
            "Add one, or use --on external."
        )
    for name, number in replicas.items():
        if number > 1 and fleet.has_fixed_port(name):
            raise UsageError(f"{number} replicas of {name} would share its port. {_tell_port(fleet, name)}")


def refuse_unreachable(fleet: Fleet) -> None:
    """Raise UsageError when it is not written where a service runs already."""
    lacking = [name for name, service in fleet.services.items() if not service.external]
    if lacking:
        raise UsageError(
            f"fleet.yml does not say where {', '.join(lacking)} runs already. "
            "Add external: [{url: ...}] to it, or use --on local."
        )


def _known(fleet: Fleet) -> str:
    return f"Known are: {', '.join(fleet.services)}."


def _tell_port(fleet: Fleet, name: str) -> str:
    """The port that it is not told may be the one of its metrics."""
    port = "admin_port" if "port" in fleet.told(name) else "port"
    return f"Tell {name} its port: write {{{port}}} into its command or its environment."


def _unknown_callees(fleet: Fleet) -> Iterator[Problem]:
    for name, service in fleet.services.items():
        for index, callee in enumerate(service.calls):
            if callee not in fleet.services:
                keys = ("services", name, "calls", index)
                yield Problem(keys, f"{name} calls '{callee}', which is no service. {_known(fleet)}")


def _ports_taken_twice(fleet: Fleet) -> Iterator[Problem]:
    taken: dict[int, str] = {}
    for name, service in fleet.services.items():
        for field, port in (("port", service.port), ("admin_port", service.admin_port)):
            if port in taken:
                yield Problem(("services", name, field), f"port {port} is {taken[port]}'s already. Choose another.")
            if port is not None:
                taken.setdefault(port, name)


def _addresses_given_twice(fleet: Fleet) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, service in fleet.services.items():
        for index, replica in enumerate(service.external):
            if replica.url in taken:
                keys = ("services", name, "external", index, "url")
                yield Problem(keys, f"{replica.url} is {taken[replica.url]}'s already. Each replica has its own.")
            taken.setdefault(replica.url, name)


def _nowhere(fleet: Fleet, name: str) -> Iterator[Problem]:
    """A service that is neither started nor running, or that nobody would find."""
    service, keys = fleet.services[name], ("services", name)
    if service.command is None:
        if not service.external:
            yield Problem(keys, f"{name} has neither a command nor external addresses. Add one of them.")
        return
    if fleet.has_fixed_port(name):
        if service.port is None and "port" not in fleet.told(name):
            yield Problem(
                keys, f"nothing says where {name} listens. {_tell_port(fleet, name)} Or say `port`, if it is fixed."
            )
        if service.replicas > 1:
            yield Problem(
                (*keys, "replicas"), f"the replicas of {name} would share its port. {_tell_port(fleet, name)}"
            )


def _open_or_unknown_braces(fleet: Fleet) -> Iterator[Problem]:
    yield from _in_templates(fleet, fleet.environment, ("environment",))
    for name, service in fleet.services.items():
        at = ("services", name)
        yield from _in_templates(fleet, service.environment, (*at, "environment"))
        yield from _in_templates(fleet, dict(enumerate(service.command or ())), (*at, "command"))
        if service.log is not None and service.log not in STREAMS:
            yield from _in_templates(fleet, {"log": service.log}, at)


def _in_templates(fleet: Fleet, templates: Mapping[str, str] | Mapping[int, str], keys: Keys) -> Iterator[Problem]:
    for key, template in templates.items():
        where = key if isinstance(key, str) else ".".join(map(str, (*keys[1:], key)))
        try:
            used = set(placeholders([template]))
        except ValueError as error:
            said = f"{where} is {template!r}: {error}. Write '{{{{' for a plain brace."
            yield Problem((*keys, key), said)
            continue
        unknown = sorted(name for name in used if not _is_known(fleet, name))
        if unknown:
            known = chain(sorted(PLACEHOLDERS), ["urls[SERVICE]"])
            yield Problem((*keys, key), f"{where} uses {{{', '.join(unknown)}}}. Known are: {', '.join(known)}.")


def _is_known(fleet: Fleet, name: str) -> bool:
    address = ADDRESS_OF.fullmatch(name)
    return address["service"] in fleet.services if address else name in PLACEHOLDERS

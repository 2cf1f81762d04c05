"""What must hold of the stack in containers, each as a function of its files that tells what is wrong; nothing when all is well.

What is about the shop, and about the files beside docker-compose.yml: compose_fits.py.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction

from compose_file import ENDING, ROOT, Stack, filled, mounts, networks, profiles, recipe, size

Check = Callable[[Stack], Iterator[str]]

# They write beside what their images hold, and say what in a comment.
WRITING = {"cassandra", "elasticsearch", "logstash", "kibana"}
# Who has a door on the host, and where it leads.
DOORS = {"gateway": 8000, "prometheus": 9090, "grafana": 3000, "kibana": 5601}
DOOR = re.compile(r"127\.0\.0\.1:\$\{SEATRIAL_(\w+)_PORT-\d+\}:(\d+)")
OWN_IMAGE = re.compile(r"\$\{SEATRIAL_IMAGES:-seatrial\}/[a-z]+:\$\{SEATRIAL_TAG:-local\}")
# PostgreSQL's versions have two parts.
VERSIONED = re.compile(r"([a-z0-9./-]+:v?\d+\.\d+\.\d+|postgres:\d+\.\d+-[a-z]+)(@sha256:[0-9a-f]{64})?")
# They have ended before what follows them in their profile begins.
BEFORE = {"store-password", "migrate", "populate"}
FIGURE = re.compile(r"(?m)^#   \(?(\w+)\)? .* (\d+\.\d) GB")
MOST_BYTES = 8 << 30


def wrong_rights(stack: Stack) -> Iterator[str]:
    for name, service in stack.services.items():
        if service.get("cap_drop") != ["ALL"] or "cap_add" in service:
            yield f"{name} has capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", ()):
            yield f"{name} could gain privileges"
        if "privileged" in service or "pid" in service or "devices" in service:
            yield f"{name} reaches into the host"
        if not re.match(r"[1-9]\d*:\d+$", filled(str(service.get("user", "")))):
            yield f"{name} runs as {service.get('user', 'whom its image says')}"


def writable_roots(stack: Stack) -> Iterator[str]:
    for name, service in stack.services.items():
        reason = re.search(r"(?m)^    read_only: false +# \w", stack.written(name))
        if service.get("read_only") is not True and not (name in WRITING and reason):
            yield f"{name} writes to its root, and nothing says why"
        if service.get("read_only") is True and name in WRITING:
            yield f"{name} does not write to its root any more"


def wrong_mounts(stack: Stack) -> Iterator[str]:
    """What is this checkout's is there, and can be read only."""
    for name, service in stack.services.items():
        for target, (source, mode) in mounts(service).items():
            if source.startswith("/"):
                yield f"{name} is given {source} of the host"
            if source.startswith(".") and not (ROOT / source).exists():
                yield f"{name} is given {source}, which is not there"
            if source.startswith(".") and mode != "ro":
                yield f"{name} may write to {source} at {target}"


def unbounded(stack: Stack) -> Iterator[str]:
    for name, service in stack.services.items():
        yield from (f"{name} has no {limit}" for limit in ("mem_limit", "cpus") if limit not in service)
        logging = service.get("logging", {})
        if logging.get("driver") != "json-file" or {"max-size", "max-file"} - logging.get("options", {}).keys():
            yield f"{name} fills the disk with what it says"


def unwatched(stack: Stack) -> Iterator[str]:
    """Each says whether it is well, itself or by its image's recipe, or ends."""
    for name, service in stack.services.items():
        health = service.get("healthcheck")
        if health is None and "\nHEALTHCHECK " not in recipe(service):
            yield f"{name} says nothing of its health"
        elif health is not None and health.get("disable") and name not in ENDING:
            yield f"{name} runs on and says nothing of its health"
        elif health is not None and not health.get("disable") and "test" not in health:
            yield f"{name} has a health check without a test"


def wrong_images(stack: Stack) -> Iterator[str]:
    for name, service in stack.services.items():
        pattern = OWN_IMAGE if "build" in service or service["image"].startswith("$") else VERSIONED
        if not pattern.fullmatch(service["image"]):
            yield f"{name} runs {service['image']}, which may be another one tomorrow"
        if "container_name" in service:
            yield f"{name} can be there once only, since its container has a name"


def wrong_doors(stack: Stack) -> Iterator[str]:
    """On the loopback alone, where a variable says."""
    for name, service in stack.services.items():
        found = [DOOR.fullmatch(str(port)) for port in service.get("ports", ())]
        leads = [(each[1].lower(), int(each[2])) if each else None for each in found]
        if leads != ([(name, DOORS[name])] if name in DOORS else []):
            yield f"{name} publishes {service.get('ports', 'nothing')}"


def wrong_networks(stack: Stack) -> Iterator[str]:
    """All meet in one that is closed; another one is for doors, since a closed network publishes nothing."""
    if stack.document["networks"]["fleet"] != {"internal": True}:
        yield "the network fleet is open"
    for name, service in stack.services.items():
        mode, own = service.get("network_mode"), networks(service)
        if mode is not None and own:
            yield f"{name} has both a mode and networks"
        elif mode is not None:
            beside = mode.removeprefix("service:")
            if not (mode == "none" and name in ENDING) and beside not in stack.services:
                yield f"{name} has the network {mode}"
        elif "fleet" not in own:
            yield f"{name} is not on the network fleet"
        elif (len(own) == 2) != (name in DOORS):
            yield f"{name} is on {', '.join(sorted(own))}"


def wrong_order(stack: Stack) -> Iterator[str]:
    """Whom one waits for is there whenever it is, and can become what is waited for."""
    for name, service in stack.services.items():
        for other, wait in service.get("depends_on", {}).items():
            awaited, always = stack.services.get(other), wait.get("required", True)
            if awaited is None or (always and profiles(awaited) and not set() < profiles(service) <= profiles(awaited)):
                yield f"{name} waits for {other}, which is not always there"
            elif (wait["condition"] == "service_completed_successfully") != (other in ENDING):
                yield f"{name} waits for {other} to be what it never is"
    if "elk-setup" not in stack.services["logstash"].get("depends_on", {}):
        yield "logstash begins before the templates are there"


def undeclared(stack: Stack) -> Iterator[str]:
    """Volumes, networks, configs and secrets: what is used is declared, what is declared is used."""
    used: dict[str, set[str]] = {"volumes": set(), "networks": set(), "configs": set(), "secrets": set()}
    for service in stack.services.values():
        used["volumes"] |= {source for source, _ in mounts(service).values() if source[0] not in "./"}
        used["networks"] |= networks(service)
        used["configs"] |= {each["source"] for each in service.get("configs", ())}
        used["secrets"] |= set(service.get("secrets", ()))
    for kind, names in used.items():
        yield from (f"{kind}: {name} is on one side only" for name in sorted(names ^ set(stack.document[kind])))
    for name, config in stack.document["configs"].items():
        if not (ROOT / config["file"]).is_file():
            yield f"configs: {name} is {config['file']}, which is not there"


def declared_memory(stack: Stack) -> Counter[str]:
    """Bytes by profile of what may run at once; what has none is under `none`."""
    found = Counter[str]()
    for name, service in stack.services.items():
        for profile in profiles(service) or {"none"}:
            if name not in BEFORE:
                found[profile] += size(service["mem_limit"]) * int(filled(str(service.get("scale", 1))))
    return found


def gigabytes(count: int) -> str:
    """Rounded up to a tenth, since it is said to be the most."""
    return f"{math.ceil(Fraction(count, 1 << 30) * 10) / 10:.1f}"


def wrong_memory(stack: Stack) -> Iterator[str]:
    """The head says what is declared, and each profile fits a machine of 8 GB beside what always runs."""
    declared = declared_memory(stack)
    said = dict(FIGURE.findall(stack.compose))
    for profile in sorted((declared.keys() | said.keys()) - {"hooks"}):
        if said.get(profile) != gigabytes(declared[profile]):
            yield f"{profile}: {gigabytes(declared[profile])} GB are declared, the head says {said.get(profile)}"
    for profile, count in declared.items():
        if profile != "none" and declared["none"] + count > MOST_BYTES:
            yield f"{profile} does not fit"


CHECKS: list[Check] = [
    wrong_rights,
    writable_roots,
    wrong_mounts,
    unbounded,
    unwatched,
    wrong_images,
    wrong_doors,
    wrong_networks,
    wrong_order,
    undeclared,
    wrong_memory,
]

"""What must fit between docker-compose.yml, the shop, and the files beside it; as compose_checks.py, which is about the file itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import yaml
from compose_checks import Check
from compose_file import FLEET, ROOT, Stack, filled, mounts, of_image, parsed, served, variables

from fleet.hooks.migrate import GRANTS
from fleet.kit.settings import PREFIX, Settings

TRAFFIC, ADMIN = int(of_image("SEATRIAL_PORT")), int(of_image("SEATRIAL_ADMIN_PORT"))
# How targets are found, which is what the two configurations differ in.
DISCOVERY = {"file_sd_configs", "static_configs", "dns_sd_configs", "relabel_configs"}
PLACE = "sqlite:////shop/stores"
NOWHERE: tuple[str, str] = ("", "")


def wrong_shop(stack: Stack) -> Iterator[str]:
    """One service of the file for each of fleet.yml, of its own image, found by its name."""
    yield from (f"{name} is in one of the two files only" for name in sorted(stack.shops.keys() ^ FLEET.keys()))
    for name, service in stack.shops.items():
        if served(service) != name or f"/{name}:" not in service["image"]:
            yield f"{name} is {served(service)} from {service['image']}"
        if service["environment"].get(f"{PREFIX}DISCOVERY_DNS_PORT") != str(TRAFFIC):
            yield f"{name} looks for the others at another port than {TRAFFIC}"
        log = str(service["environment"].get(f"{PREFIX}LOG_FILE", ""))
        if "{hostname}" not in log or mounts(service).get(log.rpartition("/")[0], NOWHERE)[0] != "logs":
            yield f"{name} writes its lines to {log}, which is no file of its own in the volume logs"
    waited = set(stack.services["gateway"]["depends_on"]) - {"migrate"}
    if waited != set(FLEET["gateway"]["calls"]):
        yield f"gateway waits for {', '.join(sorted(waited))}"


def unknown_settings(stack: Stack) -> Iterator[str]:
    """A variable that nobody reads is a setting that does not hold."""
    for name, service in stack.shops.items():
        known = {f"{PREFIX}{field.upper()}" for field in settings_of(name).model_fields}
        told = [each for each in service["environment"] if each != "PGPASSFILE"]  # which libpq reads
        yield from (f"{name} reads no {each}" for each in told if each not in known)


def settings_of(service: str) -> type[Settings]:
    """Its own kind, or the kit's."""
    kinds = [each for each in vars(import_module(f"fleet.{service}")).values() if isinstance(each, type)]
    own = [each for each in kinds if issubclass(each, Settings) and each is not Settings]
    return own[0] if own else Settings


def wrong_stores(stack: Stack) -> Iterator[str]:
    """Each store is under its service's name in the one place that is chosen for all, and hooks reach the same one."""
    stores = {name for name, service in FLEET.items() if service.get("store")}
    if json.loads(stack.shop)["stores"] != {name: f"STORES/{name}" for name in stores} | {"activity": "FEED"}:
        yield "shop.json names other stores than fleet.yml"
    if sorted(re.findall(r"(?m)^CREATE DATABASE (\w+);$", stack.databases)) != sorted(stores):
        yield "databases.sql makes other databases than fleet.yml has stores"
    for name, service in stack.shops.items():
        told = filled(str(service["environment"].get(f"{PREFIX}STORE", "")))
        if told != (f"{PLACE}/{name}" if name in stores else ""):
            yield f"{name} has the store {told}"
        if (mounts(service).get("/shop/stores") == ("stores", "rw")) != (name in stores):
            yield f"{name} has a store without a volume, or a volume without a store"
    for name in ("migrate", "populate", "hooks"):
        if mounts(stack.services[name]).get("/shop/stores") != ("stores", "rw"):
            yield f"{name} does not reach the stores"
        told = {
            key: filled(str(stack.services[name]["environment"].get(f"{PREFIX}{key}"))) for key in ("STORES", "FEED")
        }
        if told != {"STORES": PLACE, "FEED": f"{PLACE}/activity"}:
            yield f"{name} looks for stores elsewhere"


def wrong_store_passwords(stack: Stack) -> Iterator[str]:
    """Whoever has a store can read the password of its server, in the file that libpq is told of; one container alone writes it."""
    for name, service in stack.services.items():
        target = next((target for target, (source, _) in mounts(service).items() if source == "store-password"), None)
        mode = mounts(service)[target][1] if target else None
        if mode == "rw" and name != "store-password":
            yield f"{name} may write the stores' password"
        stored = name in stack.shops and f"{PREFIX}STORE" in service["environment"]
        if stored or name in {"migrate", "populate", "hooks"}:
            told = service["environment"].get("PGPASSFILE")
            if target is None or told != f"{target}/pgpass":
                yield f"{name} is told of passwords in {told}, and has them at {target}"


def wrong_client_secrets(stack: Stack) -> Iterator[str]:
    """Who calls others for itself can read its secret, and nobody else any."""
    run = json.loads(stack.shop)["run_dir"]
    if mounts(stack.services["migrate"]).get(f"{run}/secrets", NOWHERE)[0] != "secrets":
        yield f"migrate does not write secrets to the volume, in {run}/secrets"
    for name, service in stack.shops.items():
        mount = next((target for target, each in mounts(service).items() if each == ("secrets", "ro")), None)
        told = service["environment"].get(f"{PREFIX}CLIENT_SECRET_FILE")
        if told != (f"{mount}/{name}" if name in GRANTS else None) or (mount is None) == (name in GRANTS):
            yield f"{name} is told of {told}, and has secrets at {mount}"


def wrong_scrapes(stack: Stack) -> Iterator[str]:
    """Prometheus is configured as everywhere, but finds its targets by their names."""
    everywhere = yaml.safe_load((ROOT / "observability" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    here = parsed(stack.prometheus)
    if undiscovered(here) != undiscovered(everywhere):
        yield "the configurations of Prometheus differ in more than how targets are found"
    fleet, components = here["scrape_configs"]
    (found,) = fleet["dns_sd_configs"]
    if set(found["names"]) != set(FLEET) or len(found["names"]) != len(FLEET):
        yield f"Prometheus looks for {', '.join(found['names'])}"
    if (found["type"], found["port"]) != ("A", ADMIN):
        yield f"Prometheus looks for records of kind {found['type']} at port {found['port']}, not {ADMIN}"
    named = relabelled(fleet["relabel_configs"], {"__meta_dns_name": "orders", "__address__": f"10.0.0.3:{ADMIN}"})
    if (named.get("job"), named.get("instance")) != ("orders", "orders-10.0.0.3"):
        yield f"Prometheus calls a replica {named.get('instance')} of {named.get('job')}"
    hosts = {target.partition(":")[0] for each in components["static_configs"] for target in each["targets"]}
    hosts |= {
        target.partition(":")[0]
        for manager in here["alerting"]["alertmanagers"]
        for each in manager["static_configs"]
        for target in each["targets"]
    }
    yield from (f"Prometheus looks for {host}" for host in hosts - {"127.0.0.1"} if host not in stack.services)


def undiscovered(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: undiscovered(value) for key, value in node.items() if key not in DISCOVERY}
    return [undiscovered(each) for each in node] if isinstance(node, list) else node


def relabelled(rules: list[Mapping[str, Any]], labels: Mapping[str, str]) -> dict[str, str]:
    """As Prometheus does it with the action `replace`: expressions are of the whole text."""
    found = dict(labels)
    for rule in rules:
        text = ";".join(found.get(label, "") for label in rule["source_labels"])
        matched = re.fullmatch(rule.get("regex", "(.*)"), text)
        if matched is not None:
            found[rule["target_label"]] = matched.expand(re.sub(r"\$(\d)", r"\\\1", rule.get("replacement", "$1")))
    return found


def wrong_variables(stack: Stack) -> Iterator[str]:
    """Each that the file uses is documented in .env, with what it is without one; no line there is for nothing."""
    used = variables(stack.compose.replace("$$", ""))
    yield from (
        f"{name} is {default!r} in docker-compose.yml and {stack.settings.get(name)!r} in .env"
        for name, default in sorted(used)
        if stack.settings.get(name) != default
    )
    yield from (f"{name} in .env is for nothing" for name in stack.settings if name not in dict(used))


def wrong_overlay(stack: Stack) -> Iterator[str]:
    """What is laid over where no registry can be reached is about images, and who is left out."""
    laid = parsed(stack.offline)
    yield from (f"{key} is laid over" for key in laid if key != "services")
    for name, service in laid["services"].items():
        yield from (f"{name} gets another {key}" for key in service if key not in {"image", "command", "profiles"})
        if name not in stack.services:
            yield f"{name} is laid over nothing"
    for name, service in stack.services.items():
        image = filled(laid["services"].get(name, service).get("image", service["image"]))
        aside = laid["services"].get(name, {}).get("profiles") == ["registry"]
        if not image.startswith("seatrial/") and not aside:
            yield f"{name} runs {image}, which is not made here"


CHECKS: list[Check] = [
    wrong_shop,
    unknown_settings,
    wrong_stores,
    wrong_store_passwords,
    wrong_client_secrets,
    wrong_scrapes,
    wrong_variables,
    wrong_overlay,
]

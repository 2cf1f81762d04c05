"""What must hold of the configurations, each as a function of a tree that tells what is wrong with it; nothing when all is well."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml
from configured import (
    REFERENCE,
    ROOT,
    Plugin,
    document,
    fields_in,
    fields_of,
    fields_of_object,
    keys,
    objects,
    pipelines,
    reference,
    scripts,
    settings,
    written_by,
)

from fleet.kit.logs import LineFormatter
from seatrial.render.index_templates import LETTERS
from seatrial.ship.following import PACKED
from seatrial.ship.names import IndexNames

Check = Callable[[Path], Iterator[str]]

CONTRACT: Any = yaml.safe_load((ROOT / "fleet" / "telemetry.yml").read_text(encoding="utf-8"))
FIELDS = set(CONTRACT["logs"])
LETTER_FIELDS = set(LETTERS["properties"])
NAMES = IndexNames.of("shop")
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
PAGES = [ROOT / "docs" / "how-to" / f"{name}.md" for name in ("read-logs-in-kibana", "show-dashboards")]
# Fields that are no documents': where the tools themselves keep something.
OWN = {
    "line": "Filebeat's parser puts the line's fields there",
    "[line][error][message]": "and says there why it could not",
    "message": "Filebeat keeps the text there of a line that it could not parse",
    "[log][file][path]": "Filebeat's: the file",
    "[log][offset]": "Filebeat's: where the line begins in it",
    "@version": "Logstash adds it to every event, and the scripts remove it",
    "[@metadata][_id]": "travels with an event and is in no document: its id",
    "[@metadata][letter]": "likewise: that it is a letter",
    "[@metadata][path]": "likewise: the file",
    "[@metadata][offset]": "likewise: where in it",
    "[@metadata][dead_letter_queue][reason]": "of Logstash's dead letter queue",
    "[@metadata][dead_letter_queue][entry_time]": "likewise",
}


def unknown_keys(tree: Path) -> Iterator[str]:
    for file in REFERENCE["files"]:
        known = reference(file)
        yield from (
            f"{file} has {key}, which no page of its documentation has"
            for key in keys(document(tree, file))
            if key not in known
        )


def unknown_settings(tree: Path) -> Iterator[str]:
    for file, plugin in _plugins(tree):
        known = REFERENCE["plugins"].get(f"{plugin.section} {plugin.name}")
        if known is None:
            yield f"{file} uses the {plugin.section} {plugin.name}, which is not known here"
        else:
            strange = set(plugin.settings) - set(known["settings"])
            yield from (f"{file}: {plugin.name} has no setting {name}" for name in sorted(strange))


def wrong_outputs(tree: Path) -> Iterator[str]:
    """Each document is created once, under its own id, by templates that are ours."""
    wanted = {
        "action": "create",
        "document_id": "%{[@metadata][_id]}",
        "manage_template": False,
        "ilm_enabled": False,
        "data_stream": False,
        "user": "seatrial_logstash",
        "password": "${LOGSTASH_PASSWORD}",
    }
    for file, plugin in _plugins(tree, "elasticsearch"):
        yield from (
            f"{file}: {key} is {plugin.settings.get(key)}, not {value}"
            for key, value in wanted.items()
            if plugin.settings.get(key) != value
        )
        letter = plugin.when == "[@metadata][letter]" or file == "letters.conf"
        index = NAMES.letters if letter else NAMES.day(NOON).replace("2026.11.26", "%{+YYYY.MM.dd}")
        if plugin.settings.get("index") != index:
            yield f"{file}: index is {plugin.settings.get('index')}, not {index}"


def wrong_queues(tree: Path) -> Iterator[str]:
    """Whatever was taken over survives, and what was refused is read by a pipeline that cannot refuse it to itself."""
    configured = {each["pipeline.id"]: each for each in document(tree, "logstash/pipelines.yml")}
    files = pipelines(tree)
    for name, pipeline in configured.items():
        file = Path(pipeline["path.config"]).name
        if pipeline["path.config"] != f"/usr/share/logstash/pipeline/{file}" or file not in files:
            yield f"{name} reads {pipeline['path.config']}, which is not there"
            continue
        if pipeline["queue.type"] != "persisted":
            yield f"{name} has a queue that is lost with its process"
        for plugin in files[file]:
            source = plugin.settings.get("pipeline_id")
            if source is not None and not configured.get(source, {}).get("dead_letter_queue.enable"):
                yield f"{name} reads the dead letters of {source}, which keeps none"
            if source is not None and pipeline["dead_letter_queue.enable"]:
                yield f"{name} would read its own dead letters in the end"
            path = plugin.settings.get("path")
            if plugin.name == "ruby" and Path(path).name not in scripts(tree):
                yield f"{name} runs {path}, which is not there"
    if not any(plugin.name == "dead_letter_queue" for plugins in files.values() for plugin in plugins):
        yield "nothing reads the dead letters"


def wrong_addresses(tree: Path) -> Iterator[str]:
    """Who is sent to listens there."""
    ((_, beats),) = _plugins(tree, "beats")
    if document(tree, "filebeat/filebeat.yml")["output.logstash.hosts"] != [f"logstash:{beats.settings['port']}"]:
        yield f"Filebeat does not send to port {beats.settings['port']}, where Logstash listens"
    hosts = document(tree, "kibana/kibana.yml")["elasticsearch.hosts"]
    for file, plugin in _plugins(tree, "elasticsearch"):
        if plugin.settings.get("hosts") != hosts:
            yield f"{file} and Kibana differ about where Elasticsearch is"
    if f"${{ELASTICSEARCH_URL:-{hosts[0]}}}" not in (tree / "setup" / "setup.sh").read_text(encoding="utf-8"):
        yield "setup.sh and Kibana differ about where Elasticsearch is"


def wrong_rights(tree: Path) -> Iterator[str]:
    """Logstash may create documents and the indices for them, and nothing else."""
    role = json.loads((tree / "setup" / "logstash_role.json").read_text(encoding="utf-8"))
    (indices,) = role["indices"]
    for kind, has in (("cluster", role["cluster"]), ("indices", indices["privileges"])):
        yield from (f"{each} is no privilege" for each in has if each not in REFERENCE["privileges"][kind])
    if (role["cluster"], indices["privileges"]) != (["monitor"], ["create_doc", "auto_configure"]):
        yield "Logstash may more than it needs, or less"
    if indices["names"] != [NAMES.pattern, NAMES.letters]:
        yield f"its rights are for {indices['names']}"


def unnamed_secrets(tree: Path) -> Iterator[str]:
    """What is taken from the environment is on a page that says what to set."""
    told = {name for page in PAGES for name in re.findall(r"`([A-Z_]+)`", page.read_text(encoding="utf-8"))}
    for file in (*tree.rglob("*.yml"), *tree.rglob("*.conf"), *tree.rglob("*.sh")):
        used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", file.read_text(encoding="utf-8")))
        yield from (f"{file.name} needs {name}, of which no page says anything" for name in sorted(used - told))


def strange_fields(tree: Path) -> Iterator[str]:
    """Filebeat and Logstash name fields of the contract, of letters, or their own."""
    known = FIELDS | LETTER_FIELDS | set(OWN)
    for file, script in scripts(tree).items():
        yield from (f"{file} names {field}, which nobody has" for field in sorted(fields_of(script) - known))
    for file, plugin in _plugins(tree):
        named = fields_in(dict(plugin.settings)) | fields_in(plugin.when)
        yield from (f"{file} names {field}, which nobody has" for field in sorted(named - known))
    (source,) = document(tree, "filebeat/filebeat.yml")["filebeat.inputs"]
    parser = source["parsers"][0]["ndjson"]
    if parser["document_id"] != CONTRACT["roles"]["log"]["event_id"]:
        yield f"Filebeat takes {parser['document_id']} for the id of a line"
    if parser["target"] not in OWN:
        yield f"Filebeat puts lines into {parser['target']}, where nobody looks"


def strange_templates(tree: Path) -> Iterator[str]:
    """Elasticsearch knows the fields of the contract and of letters, all of them and no other."""
    folder = tree / "elasticsearch"
    logs = json.loads((folder / f"component.{NAMES.alias}.mappings.json").read_text(encoding="utf-8"))
    letters = json.loads((folder / f"index.{NAMES.letters}.json").read_text(encoding="utf-8"))
    for template, known in ((logs, FIELDS), (letters, LETTER_FIELDS)):
        mapped = set(template["template"]["mappings"]["properties"])
        yield from (f"{field} is in the templates or in the contract only" for field in sorted(mapped ^ known))


def strange_letters(tree: Path) -> Iterator[str]:
    """Both scripts write the fields that the index of dead letters has, all of them."""
    for file, script in scripts(tree).items():
        yield from (f"{file}: {field} is on one side only" for field in sorted(written_by(script) ^ LETTER_FIELDS))


def strange_objects(tree: Path) -> Iterator[str]:
    """Kibana asks for fields that its data view's documents have."""
    for each in objects(tree):
        views = {each["id"]} if each["type"] == "index-pattern" else {to["id"] for to in each["references"]}
        known = LETTER_FIELDS if views == {NAMES.letters} else FIELDS
        yield from (f"{each['id']} names {field}, which nobody has" for field in sorted(fields_of_object(each) - known))


def dangling_references(tree: Path) -> Iterator[str]:
    """Every object is there once, and what it refers to, by a name that it uses."""
    found = [(each["type"], each["id"]) for each in objects(tree)]
    yield from (f"{each} is there twice" for each in sorted(set(found)) if found.count(each) > 1)
    for each in objects(tree):
        text = json.dumps(each["attributes"])
        for to in each["references"]:
            if (to["type"], to["id"]) not in found:
                yield f"{each['id']} refers to {to['type']} {to['id']}, which is not there"
            if to["name"].split(":")[-1].removeprefix("indexpattern-datasource-layer-") not in text:
                yield f"{each['id']} makes no use of its reference {to['name']}"


def wrong_charts(tree: Path) -> Iterator[str]:
    """A chart shows columns that its layer has; a dashboard's panels do not lie on one another."""
    for each in objects(tree):
        if each["type"] == "lens":
            yield from _wrong_columns(each["id"], each["attributes"]["state"])
        if each["type"] == "dashboard":
            yield from _overlapping(json.loads(each["attributes"]["panelsJSON"]))


def unread_files(tree: Path) -> Iterator[str]:
    """Logs and what rotation left of them are read, packed ones are not, and none is too short to be told from others."""
    (source,) = document(tree, "filebeat/filebeat.yml")["filebeat.inputs"]
    held = settings(source)
    excluded = [re.compile(each) for each in held["prospector.scanner.exclude_files"]]
    for ending, wanted in {"": True, ".1": True, "-20261126": True, **dict.fromkeys(PACKED, False)}.items():
        path = Path(f"/var/log/seatrial/orders-1.jsonl{ending}")
        read = any(path.match(each) for each in held["paths"]) and not any(each.search(str(path)) for each in excluded)
        if read != wanted:
            yield f"*.jsonl{ending} is {'read' if read else 'not read'}"
    if held["prospector.scanner.fingerprint.length"] > len(_shortest_line()):
        yield "a log with one short line would wait"
    if held["close.on_state_change.removed"] or held["clean_removed"]:
        yield "a log that is removed is not read to its end"


CHECKS: tuple[Check, ...] = (
    unknown_keys,
    unknown_settings,
    wrong_outputs,
    wrong_queues,
    wrong_addresses,
    wrong_rights,
    unnamed_secrets,
    strange_fields,
    strange_templates,
    strange_letters,
    strange_objects,
    dangling_references,
    wrong_charts,
    unread_files,
)


def _plugins(tree: Path, name: str = "") -> Iterator[tuple[str, Plugin]]:
    for file, found in pipelines(tree).items():
        yield from ((file, plugin) for plugin in found if name in {"", plugin.name})


def _wrong_columns(name: str, state: dict[str, Any]) -> Iterator[str]:
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    shown = json.dumps(state["visualization"]) + json.dumps(layer["columns"])
    used = re.findall(r'"(?:columnId|xAccessor|splitAccessor)": "([^"]+)"', shown)
    used += [each for drawn in state["visualization"].get("layers", ()) for each in drawn["accessors"]]
    yield from (f"{name} shows {each}, which is no column" for each in used if each not in layer["columns"])
    if sorted(layer["columnOrder"]) != sorted(layer["columns"]):
        yield f"{name} orders other columns than it has"


def _overlapping(panels: list[dict[str, Any]]) -> Iterator[str]:
    taken = [(panel["panelIndex"], panel["gridData"]) for panel in panels]
    yield from (f"panel {key} is out of the grid" for key, at in taken if at["x"] + at["w"] > 48)
    for (first, a), (second, b) in combinations(taken, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        if not beside and not below:
            yield f"panels {first} and {second} lie on one another"


def _shortest_line() -> bytes:
    """Of the kit: of a library, in a service with a name of one letter."""
    static = {"service.name": "a", "service.node.name": "a-1", "process.pid": 1}
    record = logging.LogRecord("a", logging.INFO, "", 0, "", None, None)
    return LineFormatter(static).format(record).encode()

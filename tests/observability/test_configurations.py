"""The files of Filebeat, Logstash and Kibana fit one another, the contract, and what their documentation knows.

None of the three is run: see docs/how-to/read-logs-in-kibana.md.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checks import (
    CHECKS,
    Check,
    dangling_references,
    strange_fields,
    strange_letters,
    strange_objects,
    strange_templates,
    unknown_keys,
    unknown_settings,
    unnamed_secrets,
    unread_files,
    wrong_addresses,
    wrong_charts,
    wrong_outputs,
    wrong_queues,
    wrong_rights,
)
from configured import TREE, plugins

FLEET, LETTERS = "logstash/pipeline/fleet.conf", "logstash/pipeline/letters.conf"
LINE, LETTER = "logstash/pipeline/line.rb", "logstash/pipeline/letter.rb"
FILEBEAT, PIPELINES, OBJECTS = "filebeat/filebeat.yml", "logstash/pipelines.yml", "kibana/objects.ndjson"
ROLE = "setup/logstash_role.json"
LOG_TEMPLATE = "elasticsearch/component.seatrial-shop-logs.mappings.json"
LETTER_TEMPLATE = "elasticsearch/index.seatrial-shop-dead-letters.json"
# Check, file, what stands there, what is planted in its place, words of what must be found.
PLANTED = [
    (unknown_keys, FILEBEAT, "check_interval", "scan_frequency", "prospector.scanner.scan_frequency"),
    (unknown_keys, FILEBEAT, "document_id", "documentid", "parsers.ndjson.documentid"),
    (unknown_keys, FILEBEAT, "queue.disk.max_size", "queue.disk.size", "queue.disk.size"),
    (unknown_keys, "logstash/logstash.yml", "queue.type", "queue.kind", "queue.kind"),
    (unknown_keys, PIPELINES, "pipeline.workers", "pipeline.worker", "pipeline.worker"),
    (unknown_keys, "kibana/kibana.yml", "elasticsearch.hosts", "elasticsearch.url", "elasticsearch.url"),
    (unknown_settings, FLEET, "manage_template", "manage_templates", "no setting manage_templates"),
    (unknown_settings, FLEET, "ruby {", "rubby {", "the filter rubby"),
    (unknown_settings, LETTERS, "clean_consumed", "clean", "no setting clean"),
    (wrong_outputs, FLEET, 'action => "create"', 'action => "index"', "action is index"),
    (wrong_outputs, FLEET, "%{[@metadata][_id]}", "%{[event.id]}", "document_id is"),
    (wrong_outputs, FLEET, "%{+YYYY.MM.dd}", "%{+YYYY.MM}", "index is seatrial-shop-logs-%{+YYYY.MM}"),
    (wrong_outputs, FLEET, "ilm_enabled => false", "ilm_enabled => true", "ilm_enabled is True"),
    (wrong_outputs, LETTERS, "seatrial-shop-dead-letters", "seatrial-shop-letters", "index is seatrial-shop-letters"),
    (wrong_queues, PIPELINES, "queue.type: persisted", "queue.type: memory", "lost with its process"),
    (wrong_queues, PIPELINES, "dead_letter_queue.enable: true", "dead_letter_queue.enable: false", "which keeps none"),
    (
        wrong_queues,
        PIPELINES,
        "dead_letter_queue.enable: false",
        "dead_letter_queue.enable: true",
        "its own dead letters",
    ),
    (wrong_queues, PIPELINES, "pipeline/letters.conf", "pipeline/letter.conf", "which is not there"),
    (wrong_queues, LETTERS, 'pipeline_id => "fleet"', 'pipeline_id => "main"', "main, which keeps none"),
    (wrong_queues, FLEET, "pipeline/line.rb", "pipeline/lines.rb", "lines.rb, which is not there"),
    (wrong_addresses, FLEET, "port => 5044", "port => 5045", "port 5045"),
    (wrong_addresses, LETTERS, "elasticsearch:9200", "localhost:9200", "where Elasticsearch is"),
    (wrong_rights, ROLE, "auto_configure", "auto_create", "auto_create is no privilege"),
    (wrong_rights, ROLE, '"monitor"', '"monitor", "manage_index_templates"', "more than it needs"),
    (wrong_rights, ROLE, "seatrial-shop-logs-*", "*", "rights are for ['*'"),
    (unnamed_secrets, FLEET, "LOGSTASH_PASSWORD", "LOGSTASH_SECRET", "LOGSTASH_SECRET"),
    (strange_fields, FILEBEAT, "document_id: event.id", "document_id: id", "id for the id of a line"),
    (strange_fields, FILEBEAT, "target: line", "target: json", "json, where nobody looks"),
    (strange_fields, LINE, '"event.id" => id &&', '"event.ident" => id &&', "event.ident"),
    (strange_fields, LINE, 'line["@timestamp"]', 'line["timestamp"]', "names timestamp"),
    (strange_fields, LETTER, '"service.node.name"))', '"service.instance"))', "service.instance"),
    (strange_fields, FLEET, "if [@metadata][letter]", "if [letter]", "[letter]"),
    (strange_templates, LOG_TEMPLATE, '"order.id"', '"order.ident"', "order.ident is in"),
    (strange_templates, LETTER_TEMPLATE, '"letter.id"', '"letter"', "letter.id is in"),
    (strange_letters, LINE, '"log.offset" => offset,', "", "log.offset is on one side only"),
    (strange_letters, LETTER, '"error.message" =>', '"error.reason" =>', "error.reason is on one side only"),
    (strange_objects, OBJECTS, '"sourceField": "service.name"', '"sourceField": "service"', "names service"),
    (strange_objects, OBJECTS, "log.level : ", "level : ", "errors names level"),
    (strange_objects, OBJECTS, '"error.message"', '"error.reason"', "reasons names error.reason"),
    (strange_objects, OBJECTS, '"timeFieldName": "@timestamp"', '"timeFieldName": "time"', "names time"),
    (
        dangling_references,
        OBJECTS,
        '"id": "seatrial-shop-logs-latency", "references"',
        '"id": "x", "references"',
        "latency, which is not there",
    ),
    (
        dangling_references,
        OBJECTS,
        '"id": "seatrial-shop-logs-slow"',
        '"id": "seatrial-shop-logs-trace"',
        "is there twice",
    ),
    (
        dangling_references,
        OBJECTS,
        '\\"panelRefName\\": \\"panel_3\\"',
        '\\"panelRefName\\": \\"panel_x\\"',
        "3:panel_3",
    ),
    (wrong_charts, OBJECTS, '"accessors": ["p50"', '"accessors": ["p51"', "shows p51"),
    (wrong_charts, OBJECTS, '"columnId": "errors"', '"columnId": "error"', "shows error"),
    (wrong_charts, OBJECTS, '\\"w\\": 24, \\"x\\": 24', '\\"w\\": 24, \\"x\\": 20', "lie on one another"),
    (unread_files, FILEBEAT, "bz2|", "", "*.jsonl.bz2 is read"),
    (unread_files, FILEBEAT, "*.jsonl*", "*.jsonl", "*.jsonl.1 is not read"),
    (unread_files, FILEBEAT, "length: 192", "length: 1024", "would wait"),
    (unread_files, FILEBEAT, "clean_removed: false", "clean_removed: true", "not read to its end"),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_all_is_well(check: Check) -> None:
    assert list(check(TREE)) == []


@pytest.mark.parametrize(
    "check, file, before, planted, words", PLANTED, ids=[f"{row[0].__name__}-{row[4]}" for row in PLANTED]
)
def test_a_planted_mistake_is_found(
    check: Check, file: str, before: str, planted: str, words: str, tmp_path: Path
) -> None:
    tree = Path(shutil.copytree(TREE, tmp_path / "observability"))
    text = (tree / file).read_text()
    assert before in text
    (tree / file).write_text(text.replace(before, planted))
    assert [found for found in check(tree) if words in found] != []


def test_each_check_was_seen_to_find_something() -> None:
    assert {row[0] for row in PLANTED} == set(CHECKS)


@pytest.mark.parametrize(
    "text",
    [
        "input { beats { port => 5044 }",
        "input { beats { port => 5044 } } }",
        "inputs { beats { port => 5044 } }",
        "input { beats { port 5044 } }",
        "input { beats { port => } }",
        'input { beats { port => "5044 } }',
        "input { beats }",
        "output { if { stdout { } } }",
        'output { stdout { a => ["b" "c"] } }',
    ],
)
def test_what_is_no_pipeline_does_not_parse(text: str) -> None:
    with pytest.raises(ValueError, match=r"stands where|no value|is empty"):
        plugins(text)


def test_a_pipeline_is_read_with_its_conditions() -> None:
    text = 'output { if [a] == "b" { x { c => [1, "d"] } } else if [e] { y { } } else { z { f => { "g" => false } } } # h\n}'
    assert [(each.name, each.when, each.settings) for each in plugins(text)] == [
        ("x", '[a]=="b"', {"c": [1, "d"]}),
        ("y", "[e]", {}),
        ("z", "else", {"f": {"g": False}}),
    ]

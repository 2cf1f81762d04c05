"""The log pipeline with a real Elasticsearch, beside the shop as `seatrial up` runs it: each line is there once, whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from servers import elasticsearch_or_skip
from shop_stack import ROOT, ShopStack, shop_stack
from stack_runs import Bench, until

from seatrial.backends.elasticsearch import Documents, connect
from seatrial.backends.log_search import FileSearch, IndexSearch, LogSearch, Query
from seatrial.project.project import load_project
from seatrial.ship.following import Source

PATIENCE = 30.0
PROJECT = load_project(ROOT / "seatrial.yml")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    elasticsearch_or_skip()
    with shop_stack(tmp_path_factory.mktemp("piped"), "--with", "elasticsearch") as stack:
        yield stack


def now(shop: ShopStack) -> dict[str, Any]:
    """The pipeline as stack.json has it."""
    found: dict[str, Any] = json.loads((shop.run_dir / "stack.json").read_text())["elasticsearch"]
    return found


def documents(shop: ShopStack) -> Documents:
    return Documents(connect(now(shop)["url"]), now(shop)["alias"])


def ids_there(shop: ShopStack) -> list[str]:
    found = documents(shop)
    found.refresh()
    return [each.id for each in found.all([])]


def ids_on_disk(shop: ShopStack) -> list[str]:
    lines = (line for path in (shop.run_dir / "logs").glob("*.jsonl*") for line in path.read_text().splitlines())
    return [json.loads(line)["event.id"] for line in lines]


def visit(shop: ShopStack, times: int = 40) -> None:
    for _ in range(times):
        assert requests.get(f"{shop.urls('gateway')[0]}/v1/products", timeout=5).ok


def all_there(shop: ShopStack) -> bool:
    return sorted(ids_there(shop)) == sorted(ids_on_disk(shop))


def restart(shop: ShopStack, name: str) -> None:
    bench = Bench(shop.run_dir.parent, ROOT / "seatrial.yml")
    done = bench.call("restart", name, "--run", shop.status["run"])
    assert done.returncode == 0, done.stderr


def test_every_line_is_a_document(shop: ShopStack) -> None:
    visit(shop)
    until(lambda: all_there(shop), PATIENCE)
    assert len(ids_there(shop)) > 200


def test_a_document_is_its_line(shop: ShopStack) -> None:
    line = next(shop.lines())
    source = documents(shop).client.search(index=now(shop)["alias"], query={"ids": {"values": [line["event.id"]]}})
    (hit,) = source["hits"]["hits"]
    assert hit["_source"] == line
    assert hit["_index"].endswith(line["@timestamp"][:10].replace("-", "."))


def test_the_server_is_unprivileged_and_listens_to_this_machine_alone(shop: ShopStack) -> None:
    main = psutil.Process(now(shop)["pid"])
    family = [main, *main.children(recursive=True)]
    assert all(process.uids().real != 0 or os.getuid() != 0 for process in family)
    if os.getuid() == 0:
        assert {process.username() for process in family} <= {"elasticsearch", "nobody"}
    listening = [
        each.laddr.ip
        for process in family
        for each in process.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_what_the_server_lacks_is_known(shop: ShopStack) -> None:
    from seatrial.backends.elasticsearch import FEATURES, features

    found = features(documents(shop).client)
    assert set(found) == set(FEATURES)
    for name, there in found.items():
        answer = requests.get(now(shop)["url"] + FEATURES[name], timeout=5)
        assert answer.ok is there


def test_a_killed_shipper_loses_and_doubles_nothing(shop: ShopStack) -> None:
    for _ in range(3):
        visit(shop)
        os.kill(now(shop)["shipper"]["pid"], signal.SIGKILL)
        visit(shop)
        restart(shop, "shipper")
    visit(shop)
    until(lambda: all_there(shop), PATIENCE)


def test_rotation_by_rename_and_by_copy_loses_nothing(shop: ShopStack) -> None:
    logs = shop.run_dir / "logs"
    for number in range(3):
        for path in sorted(logs.glob("*.jsonl")):
            path.rename(path.with_name(f"{path.name}.{number}"))
        visit(shop)
        time.sleep(1.2)
        visit(shop)
    until(lambda: all_there(shop), PATIENCE)
    path = logs / "catalog-1.jsonl"
    frozen = psutil.Process(
        next(each for each in shop.status["services"] if each["service"] == "catalog")["worker_pid"]
    )
    for number in range(3):
        visit(shop)
        frozen.suspend()  # what is written between copy and truncation is lost by whoever truncates
        try:
            shutil.copy(path, path.with_name(f"catalog-1.jsonl.c{number}"))
            os.truncate(path, 0)
        finally:
            frozen.resume()
        visit(shop)
    until(lambda: all_there(shop), PATIENCE)


BAD = {
    "corrupt": (b'{"@timestamp": "2026-', "no JSON"),
    "no id": (b'{"@timestamp": "2026-11-26T00:00:00Z"}', "no text in event.id"),
    "type": (
        b'{"@timestamp": "2026-11-26T00:00:00Z", "event.id": "bad-type", "event.duration": "soon"}',
        "event.duration",
    ),
    "field": (b'{"@timestamp": "2026-11-26T00:00:00Z", "event.id": "bad-field", "no.such": 1}', "no"),
}


def test_a_line_that_cannot_be_a_document_is_a_letter_with_its_reason(shop: ShopStack) -> None:
    path = shop.run_dir / "logs" / "users-1.jsonl.bad"  # as a file that rotation has left
    path.write_bytes(b"".join(line + b"\n" for line, _ in BAD.values()))
    letters = Documents(connect(now(shop)["url"]), now(shop)["alias"].replace("-logs", "-dead-letters"))

    def found() -> list[dict[str, Any]]:
        letters.refresh()
        hits = letters.client.search(index=letters.name, size=100, ignore_unavailable=True)["hits"]["hits"]
        return [hit["_source"] for hit in hits]

    until(lambda: len(found()) == len(BAD), PATIENCE)
    told = {each["event.original"]: each["error.message"] for each in found()}
    for line, reason in BAD.values():
        assert reason in told[line.decode()]
    kept = (shop.run_dir / "ship" / "dead-letters.jsonl").read_text()
    assert all(json.dumps(line.decode())[1:-1] in kept for line, _ in BAD.values())
    path.unlink()  # the other tests look at sound lines


def searches(shop: ShopStack) -> dict[str, LogSearch]:
    roles = PROJECT.telemetry.roles.log
    assert roles is not None
    sources = [Source(each["service"], each["instance"], Path(each["log_file"])) for each in shop.status["services"]]
    return {
        "files": FileSearch(sources, dict.fromkeys(shop.services, roles)),
        "elasticsearch": IndexSearch(documents(shop), roles),
    }


@pytest.mark.parametrize("asked", ["all", "trace", "service", "level", "since", "few", "nothing"])
def test_files_and_elasticsearch_give_the_same_answers(shop: ShopStack, asked: str) -> None:
    visit(shop)
    line = [each for each in shop.lines() if "trace.id" in each][-1]
    query = {
        "all": Query(limit=10_000),
        "trace": Query(trace=line["trace.id"]),
        "service": Query(service="catalog", limit=10_000),
        "level": Query(level="info", service="gateway"),
        "since": Query(since=time.time() - 5),
        "few": Query(limit=7),
        "nothing": Query(trace="0" * 32),
    }[asked]
    places = searches(shop)
    places["elasticsearch"].documents.refresh()  # type: ignore[attr-defined]
    until(
        lambda: (
            len(places["elasticsearch"].find(Query(limit=10_000))) == len(places["files"].find(Query(limit=10_000)))
        ),
        PATIENCE,
    )
    files, index = (places[name].find(query) for name in ("files", "elasticsearch"))
    assert index == files
    assert bool(files) is (asked != "nothing")


@pytest.mark.parametrize("place", ["files", "elasticsearch"])
def test_what_comes_afterwards_is_followed_once(shop: ShopStack, place: str) -> None:
    search, query = searches(shop)[place], Query(service="catalog")
    until(lambda: all_there(shop), PATIENCE)  # what becomes a document after the first look has come since then
    search.find(replace(query, limit=10_000))
    seen: list[str] = []

    def come() -> int:
        seen.extend(entry.id for entry in search.fresh(query))
        return len(seen)

    before = {each["event.id"] for each in shop.lines()}
    visit(shop, 10)
    written = {each["event.id"] for each in shop.lines() if each["service.name"] == "catalog"} - before
    until(lambda: come() >= len(written), PATIENCE)
    assert set(seen) == written
    assert len(seen) == len(written)


def test_the_command_shows_lines_of_either_place(shop: ShopStack) -> None:
    bench = Bench(shop.run_dir.parent, ROOT / "seatrial.yml")
    line = [each for each in shop.lines() if "trace.id" in each][-1]
    told = [
        bench.call("logs", shop.status["run"], "--trace", line["trace.id"], "--json", "--from", place).stdout
        for place in ("files", "elasticsearch")
    ]
    assert told[0] == told[1]
    assert line in [json.loads(each) for each in told[0].splitlines()]


def test_prometheus_knows_the_shipper(shop: ShopStack) -> None:
    url = json.loads((shop.run_dir / "stack.json").read_text())["prometheus"]["url"]

    def acknowledged() -> float:
        answer = requests.get(
            f"{url}/api/v1/query", params={"query": "seatrial_ship_lines_acknowledged_total"}, timeout=5
        )
        found = answer.json()["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    until(lambda: acknowledged() > 0, PATIENCE)


def test_a_restarted_server_keeps_what_it_had(shop: ShopStack) -> None:
    before = len(ids_there(shop))
    family = psutil.Process(now(shop)["pid"]).children(recursive=True)
    for process in family:
        process.kill()
    visit(shop)
    restart(shop, "elasticsearch")
    until(lambda: all_there(shop), PATIENCE)
    assert len(ids_there(shop)) > before


def test_lines_of_a_file_become_documents_in_their_order(shop: ShopStack) -> None:
    """After all that has happened to shipper, files and server in the tests above; by the numbers that the index gives."""
    alias = now(shop)["alias"]
    answer = documents(shop).client.search(index=alias, size=10_000, source=False, seq_no_primary_term=True)
    place = {hit["_id"]: (hit["_index"], hit["_seq_no"]) for hit in answer["hits"]["hits"]}
    files = sorted((shop.run_dir / "logs").glob("*.jsonl*"))
    assert len(files) > len(shop.services)
    for file in files:
        ids = [json.loads(line)["event.id"] for line in file.read_text().splitlines()]
        numbers = [place[each] for each in ids]
        assert numbers == sorted(numbers), file.name


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    elasticsearch_or_skip()
    with shop_stack(tmp_path, "--with", "elasticsearch", "--no-populate") as stack:
        folder = (stack.run_dir / "elasticsearch").resolve()
        run, pid = stack.run_dir, now(stack)["pid"]
        assert folder.is_dir()
    assert not folder.exists()
    assert not (run / "elasticsearch").exists()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

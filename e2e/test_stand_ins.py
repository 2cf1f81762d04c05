"""The servers that stand in where no registry can be reached, beside the shop, in docker-compose.yml's own profiles."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from containers import compose, docker, images, projects
from stack_runs import Bench

from seatrial.stacks.docker import Container, containers_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
ON_SERVER = {"COMPOSE_PROFILES": "stores", "SEATRIAL_STORES": "postgresql://shop@postgres"}
WITH_FEED = ON_SERVER | {"COMPOSE_PROFILES": "stores,feed", "SEATRIAL_FEED": "cassandra://cassandra/activity"}
PATIENCE = 60.0


def up(project: str, *services: str, **environment: str) -> None:
    """Start those services and what they wait for; healthy when it returns."""
    arguments = ("--project-name", project, "up", "--detach", "--wait", "--no-build", *services)
    done = compose(*arguments, **environment)
    assert done.returncode == 0, done.stderr


@contextmanager
def standing(project: str, *services: str, **environment: str) -> Iterator[dict[str, Container]]:
    """All of them, by service; gone at the end."""
    images()
    try:
        up(project, *services, **environment)
        yield {each.service: each for each in containers_of(project)}
    finally:
        compose("--project-name", project, "--profile", "*", "down", "--volumes")
        assert projects(project) == []


@pytest.mark.parametrize("servers", [ON_SERVER, WITH_FEED], ids=["postgresql", "cassandra too"])
def test_a_trial_passes_on_servers(tmp_path: Path, servers: dict[str, str]) -> None:
    """Smaller than the default one: two cores have much to do with servers, shop and load."""
    images()
    bench = Bench(tmp_path / "runs", ROOT / "seatrial.yml", environment=servers)
    done = bench.call("trial", "smoke", "--on", "compose", "--no-page")
    (found,) = bench.runs.glob("2*/verdict.json")
    checks = {each["name"]: each for each in json.loads(found.read_text())["checks"]}
    assert {each["verdict"] for name, each in checks.items() if name.startswith("invariants.")} == {"PASS"}
    amiss = [each for each in checks.values() if each["verdict"] != "PASS"]
    assert done.returncode == 0, amiss
    assert projects("seatrial-2") == []


def test_the_stores_are_postgresqls_and_the_password_is_asked_for() -> None:
    with standing("seatrial-stand-in-stores", "gateway", **ON_SERVER, SEATRIAL_GATEWAY_PORT="") as found:
        postgres, orders = found["postgres"].key, found["orders"].key
        rows = docker("exec", postgres, "psql", "-U", "shop", "-d", "users", "-Atc", "SELECT id FROM clients")
        assert rows == "orders"
        assert docker("exec", orders, "ls", "/shop/stores") == ""
        address = found["postgres"].addresses["fleet"]
        asked = ["exec", "--env", "PGPASSWORD=wrong", postgres, "psql", "-h", address, "-U", "shop", "-c", "SELECT 1"]
        assert docker(*asked, check=False) == ""
        environment = docker("inspect", "--format", "{{.Config.Env}}", orders)
        assert "postgresql://shop@postgres/orders" in environment
        assert "PASSWORD=" not in environment

        docker("restart", postgres)
        door = f"http://{found['gateway'].addresses['fleet']}:8000/v1/products"
        until = time.monotonic() + PATIENCE
        while requests.get(door, timeout=15).status_code != 200:
            assert time.monotonic() < until


def test_a_feed_in_cassandra_outlives_its_server() -> None:
    with standing("seatrial-stand-in-feed", "activity", **WITH_FEED, SEATRIAL_GATEWAY_PORT="") as found:
        cassandra, activity = found["cassandra"], found["activity"]
        assert "cassandra://cassandra/activity" in docker("inspect", "--format", "{{.Config.Env}}", activity.key)
        assert docker("exec", activity.key, "ls", "/shop/stores") == ""
        ready = f"http://{activity.addresses['fleet']}:8100/health/ready"
        assert requests.get(ready, timeout=5).status_code == 200
        docker("kill", cassandra.key)
        until = time.monotonic() + PATIENCE
        while requests.get(ready, timeout=5).status_code == 200:
            assert time.monotonic() < until
        docker("start", cassandra.key)
        while requests.get(ready, timeout=5).status_code != 200:
            assert time.monotonic() < until


def test_elasticsearch_keeps_what_it_was_given() -> None:
    subprocess.run([ROOT / "deploy" / "secrets" / "make.sh"], check=True, capture_output=True)
    with standing("seatrial-stand-in-elk", "elasticsearch", COMPOSE_PROFILES="elk") as found:
        server = found["elasticsearch"]
        url = f"http://{server.addresses['fleet']}:9200/lines"
        given = requests.post(f"{url}/_doc?refresh=true", json={"message": "all aboard"}, timeout=30)
        assert given.status_code == 201
        docker("restart", server.key)
        up("seatrial-stand-in-elk", "elasticsearch")
        hits = requests.get(f"{url}/_search?q=aboard", timeout=30).json()["hits"]["hits"]
        assert [hit["_source"] for hit in hits] == [{"message": "all aboard"}]

"""The stack in containers, held to the house rules and to the shop where no daemon is needed. That it runs: e2e/shop, with `--on compose`."""

from __future__ import annotations

from dataclasses import replace

import compose_checks as own
import compose_fits as fits
import pytest
from compose_checks import Check, declared_memory, gigabytes
from compose_file import ROOT, Stack

STACK = Stack.of(ROOT)
CHECKS = [*own.CHECKS, *fits.CHECKS]
# Check, file, what stands there, what is planted in its place, words of what must be found.
PLANTED = [
    (own.wrong_rights, "compose", "  cap_drop: [ALL]\n", "", "gateway has capabilities"),
    (own.wrong_rights, "compose", "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "kibana has capabilities"),
    (own.wrong_rights, "compose", "read_only: false # its", "cap_add: [CHOWN]\n    read_only: false # its", "elasticsearch has"),
    (own.wrong_rights, "compose", '"no-new-privileges:true"', "", "could gain privileges"),
    (own.wrong_rights, "compose", "pids_limit: 512", "privileged: true", "orders reaches into the host"),
    (own.wrong_rights, "compose", 'user: "472:0"', 'user: "0:0"', "grafana runs as 0:0"),
    (own.wrong_rights, "compose", '    user: "472:0"\n', "", "grafana runs as whom its image says"),
    (own.wrong_rights, "compose", "${SEATRIAL_USER:-10001:10001}", "${SEATRIAL_USER:-root}", "hooks runs as"),
    (own.writable_roots, "compose", "  read_only: true\n", "", "prometheus writes to its root"),
    (own.writable_roots, "compose", "false # it optimises its bundles beside itself", "false", "kibana writes to its root"),
    (own.writable_roots, "compose", "    read_only: false # it optimises its bundles beside itself\n", "", "does not write"),
    (own.wrong_mounts, "compose", "- ./deploy/secrets:", "- /var/run/docker.sock:", "/var/run/docker.sock of the host"),
    (own.wrong_mounts, "compose", "./observability/alertmanager:", "./observability/alerts:", "which is not there"),
    (own.wrong_mounts, "compose", "/run/seatrial:ro", "/run/seatrial", "may write to ./deploy/secrets"),
    (own.unbounded, "compose", "    mem_limit: 384m\n", "", "grafana has no mem_limit"),
    (own.unbounded, "compose", "  cpus: 1.0 # one Python process\n", "", "payments has no cpus"),
    (own.unbounded, "compose", "  logging: *logging\n", "", "gateway fills the disk"),
    (own.unbounded, "compose", ', max-file: "3"', "", "filebeat fills the disk"),
    (own.unwatched, "compose", "    healthcheck: {test: [CMD, wget", "    x-healthcheck: {test: [CMD, wget", "grafana says nothing"),
    (own.unwatched, "compose", "{test: [CMD, filebeat, test, config]", "{disable: true", "filebeat runs on"),
    (own.unwatched, "compose", "{test: [CMD, filebeat, test, config], ", "{", "without a test"),
    (own.unwatched, "compose", "dockerfile: loadtests/Dockerfile", "dockerfile: requirements-load.lock", "locust-master says"),
    (own.wrong_images, "compose", "prom/prometheus:v", "prom/prometheus:latest # ", "prometheus runs prom/prometheus:latest"),
    (own.wrong_images, "compose", "prom/prometheus:v", "prom/prometheus # ", "another one tomorrow"),
    (own.wrong_images, "compose", "grafana/grafana:", "grafana/grafana:12.4 # ", "grafana runs"),
    (own.wrong_images, "compose", "/users:${SEATRIAL_TAG:-local}", "/users:latest", "users runs"),
    (own.wrong_images, "compose", "image: grafana/", "container_name: grafana\n    image: grafana/", "once only"),
    (own.wrong_doors, "compose", "127.0.0.1:${SEATRIAL_GATEWAY", "0.0.0.0:${SEATRIAL_GATEWAY", "gateway publishes"),
    (own.wrong_doors, "compose", '"127.0.0.1:${SEATRIAL_GRAFANA', '"${SEATRIAL_GRAFANA', "grafana publishes"),
    (own.wrong_doors, "compose", "${SEATRIAL_KIBANA_PORT-5601}:5601", "5601:5601", "kibana publishes"),
    (own.wrong_doors, "compose", "stop_grace_period: 15s", 'ports: ["8000"]', "orders publishes"),
    (own.wrong_networks, "compose", "fleet: {internal: true}", "fleet: {}", "fleet is open"),
    (own.wrong_networks, "compose", "networks: [fleet, watch]", "networks: [watch]", "grafana is not on the network"),
    (own.wrong_networks, "compose", "  networks: [fleet]\n  stop", "  networks: [fleet, door]\n  stop", "orders is on door, fleet"),
    (own.wrong_networks, "compose", "service:alertmanager", "host", "recorder has the network host"),
    (own.wrong_networks, "compose", "    network_mode: none\n", "    network_mode: none\n    networks: [fleet]\n", "store-password has both"),
    (own.wrong_order, "compose", "{prometheus: {condition", "{kibana: {condition", "kibana, which is not always there"),
    (own.wrong_order, "compose", "users: {condition: service_healthy}", "users: {condition: service_completed_successfully}", "users to be"),
    (own.wrong_order, "compose", "{elk-setup: {condition: service_completed_successfully}}", "{elasticsearch: {condition: service_healthy}}", "templates"),
    (own.wrong_order, "compose", "{condition: service_healthy, required: false}", "{condition: service_healthy}", "migrate waits for postgres"),
    (own.wrong_images, "compose", "postgres:17.6-bookworm", "postgres:17", "postgres runs postgres:17"),
    (own.undeclared, "compose", "  stores: {}\n", "", "volumes: stores"),
    (own.undeclared, "compose", "  watch: {}", "  watch: {}\n  spare: {}", "networks: spare"),
    (own.undeclared, "compose", "compose/shop.json}", "compose/store.json}", "store.json, which is not there"),
    (own.undeclared, "compose", "secrets: [logstash_password]", "secrets: [beats_password]", "secrets: beats_password"),
    (own.wrong_memory, "compose", "mem_limit: 384m", "mem_limit: 512m", "none: 3."),
    (own.wrong_memory, "compose", "#   load ", "#   lode ", "load: 0.8 GB are declared, the head says None"),
    (own.wrong_memory, "compose", "mem_limit: 1536m", "mem_limit: 4g", "elk does not fit"),
    (fits.wrong_shop, "compose", "SERVICE: users", 'SERVICE: ""', "users is in one of the two"),
    (fits.wrong_shop, "compose", "seatrial}/users:", "seatrial}/orders:", "users is users from"),
    (fits.wrong_shop, "compose", 'DNS_PORT: "8000"', 'DNS_PORT: "8001"', "orders looks for the others"),
    (fits.wrong_shop, "compose", "/shop/logs/{hostname}.jsonl", "/shop/logs/all.jsonl", "no file of its own"),
    (fits.wrong_shop, "compose", "    volumes: [logs:/shop/logs]\n", "", "gateway writes its lines"),
    (fits.wrong_shop, "compose", "      payments: {condition: service_healthy}\n", "", "gateway waits for"),
    (fits.unknown_settings, "compose", "SEATRIAL_HASH_COST:", "SEATRIAL_HASHING_COST:", "users reads no"),
    (fits.wrong_stores, "compose", "/shop/stores}/users", "/shop/stores}/orders", "users has the store"),
    (fits.wrong_stores, "compose", "/shop/stores}/users", "/shop/store}/users", "users has the store"),
    (fits.wrong_stores, "compose", 'SEATRIAL_STORES: "${SEATRIAL_STORES:-sqlite:////shop/stores}"', 'SEATRIAL_STORES: "sqlite:////shop"', "hooks looks for"),
    (fits.wrong_stores, "compose", 'SEATRIAL_FEED: "${SEATRIAL_FEED:-', 'SEATRIAL_FEED: "${SEATRIAL_FEED:-sqlite:////shop/', "hooks looks for"),
    (fits.wrong_stores, "databases", "DATABASE orders;", "DATABASE carts;", "databases.sql makes other"),
    (fits.wrong_store_passwords, "compose", "- store-password:/run/store-password:ro", "- store-password:/run/store-password", "postgres may write"),
    (fits.wrong_store_passwords, "compose", "  PGPASSFILE: /shop/store-password/pgpass\n", "", "payments is told of passwords in None"),
    (fits.wrong_store_passwords, "compose", "[stores:/shop/stores, *password, run", "[stores:/shop/stores, run", "hooks is told"),
    (fits.wrong_stores, "compose", "[logs:/shop/logs, stores:/shop/stores, *password]", "[logs:/shop/logs, *password]", "without a volume"),
    (fits.wrong_stores, "compose", "volumes: [logs:/shop/logs]", "volumes: [logs:/shop/logs, stores:/shop/stores]", "without a store"),
    (fits.wrong_stores, "compose", "volumes: [stores:/shop/stores, *password, run", "volumes: [*password, run", "migrate does not reach"),
    (fits.wrong_stores, "shop", "STORES/orders", "STORES/carts", "shop.json names other"),
    (fits.wrong_stores, "shop", '"FEED"', '"STORES/activity"', "shop.json names other"),
    (fits.wrong_client_secrets, "compose", "secrets:/shop/secrets:ro", "secrets:/shop/secrets", "orders is told"),
    (fits.wrong_client_secrets, "compose", "/shop/secrets/orders}", "/shop/secrets/payments}", "orders is told"),
    (fits.wrong_client_secrets, "compose", "secrets:/shop/run/secrets", "secrets:/shop/secrets", "migrate does not"),
    (fits.wrong_scrapes, "prometheus", "scrape_interval: 1s", "scrape_interval: 5s", "differ in more"),
    (fits.wrong_scrapes, "prometheus", "        action: keep\n", "        action: drop\n", "differ in more"),
    (fits.wrong_scrapes, "prometheus", "orders, payments", "payments", "looks for gateway, catalog, inventory, payments"),
    (fits.wrong_scrapes, "prometheus", "port: 8100", "port: 8000", "at port 8000, not 8100"),
    (fits.wrong_scrapes, "prometheus", '"$1-$2"', '"$2"', "calls a replica 10.0.0.3"),
    (fits.wrong_scrapes, "prometheus", "alertmanager:9093", "alerts:9093", "looks for alerts"),
    (fits.wrong_variables, "env", "SEATRIAL_TAG=local\n", "", "SEATRIAL_TAG is 'local' in docker-compose.yml and None"),
    (fits.wrong_variables, "env", "GATEWAY_PORT=8000\n", "GATEWAY_PORT=8080\n", "'8080' in .env"),
    (fits.wrong_variables, "env", "SEATRIAL_TAG=local\n", "SEATRIAL_TAG=local\nSEATRIAL_SPEED=1\n", "SEATRIAL_SPEED in .env"),
    (fits.wrong_variables, "compose", "${SEATRIAL_LOAD_WORKERS:-1}", "${SEATRIAL_LOAD_WORKERS:-2}", "is '2' in"),
    (fits.wrong_overlay, "offline", "alertmanager: {", "alertmanager: {user: root, ", "alertmanager gets another user"),
    (fits.wrong_overlay, "offline", "alertmanager: {", "alerts: {", "alerts is laid over nothing"),
    (fits.wrong_overlay, "offline", "services:", "volumes: {}\nservices:", "volumes is laid over"),
    (fits.wrong_overlay, "offline", '"seatrial/prometheus:local"', '"prom/prometheus:v2.42.0"', "which is not made here"),
    (fits.wrong_overlay, "offline", "  grafana: {profiles: [registry]}\n", "", "grafana runs grafana/grafana"),
    (fits.wrong_overlay, "offline", "  kibana: {profiles: !override [registry]}\n", "", "kibana runs docker.elastic.co"),
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_all_is_well(check: Check) -> None:
    assert list(check(STACK)) == []


@pytest.mark.parametrize(
    "check, file, before, planted, words", PLANTED, ids=[f"{row[0].__name__}-{row[4]}" for row in PLANTED]
)
def test_a_planted_mistake_is_found(check: Check, file: str, before: str, planted: str, words: str) -> None:
    text = getattr(STACK, file)
    assert before in text
    assert [found for found in check(replace(STACK, **{file: text.replace(before, planted)})) if words in found] != []


def test_each_check_was_seen_to_find_something() -> None:
    assert {row[0] for row in PLANTED} == set(CHECKS)


@pytest.mark.parametrize("profile, count", declared_memory(STACK).items())
def test_the_page_says_what_is_declared(profile: str, count: int) -> None:
    page = (ROOT / "deploy" / "compose" / "README.md").read_text(encoding="utf-8")
    page = page[page.index("## Profiles") :]
    (row,) = (line for line in page.splitlines() if line.startswith((f"| `{profile}` |", f"| ({profile}) |")))
    assert f"{gigabytes(count)} GB" in row

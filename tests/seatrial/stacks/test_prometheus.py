from pathlib import Path

import pytest

from seatrial.stacks.prometheus import (
    command,
    copy_configuration,
    find_prometheus,
    is_supported,
    parse_version,
    scraped_at,
    target_group,
)

DEBIAN = "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+b5)\n  go version: go1.19.8"
OFFICIAL = "prometheus, version 3.5.0 (branch: HEAD, revision: 8be3a9560fbd)"


@pytest.mark.parametrize(
    "text, version",
    [(DEBIAN, "2.42.0"), (OFFICIAL, "3.5.0"), ("", None), ("alertmanager", None)],
    ids=["debian", "official", "cannot run", "something else"],
)
def test_the_version_is_read_from_what_it_says(text: str, version: str | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    "version, supported", [("2.41.9", False), ("2.42.0", True), ("2.55.1", True), ("3.99.0", True), ("4.0.0", False)]
)
def test_supported_is_2_42_to_3_x(*, version: str, supported: bool) -> None:
    assert is_supported(version) is supported


def program(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder / names[0]


def test_one_on_path_comes_first(tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin", "prometheus", "promtool")
    program(tmp_path / "cache" / "prometheus", "prometheus")
    found = find_prometheus(tmp_path / "cache", which=lambda name: str(tmp_path / "bin" / name), ask=lambda _: OFFICIAL)
    assert found
    assert (found.binary, found.version, found.promtool) == (on_path, "3.5.0", tmp_path / "bin" / "promtool")


def test_one_that_is_too_old_gives_way_to_the_cache(tmp_path: Path) -> None:
    program(tmp_path / "bin", "prometheus")
    cached = program(tmp_path / "cache" / "prometheus", "prometheus")
    said = {tmp_path / "bin" / "prometheus": "prometheus, version 2.31.0", cached: DEBIAN}
    found = find_prometheus(
        tmp_path / "cache",
        which=lambda name: str(tmp_path / "bin" / name) if name == "prometheus" else None,
        ask=lambda binary: said[binary],
    )
    assert found
    assert (found.binary, found.version, found.promtool) == (cached, "2.42.0", None)


def test_none_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert find_prometheus(tmp_path, which=lambda _: None, ask=lambda _: "") is None


def test_the_configuration_is_copied_into_the_run(tmp_path: Path) -> None:
    program(tmp_path / "project", "prometheus.yml", "rules.yml")
    copied = copy_configuration(tmp_path / "project", tmp_path / "metrics")
    assert copied == tmp_path / "metrics" / "prometheus" / "prometheus.yml"
    assert {path.name for path in copied.parent.iterdir()} == {
        "prometheus.yml",
        "rules.yml",
        "rules",
        "targets",
        "components",
        "alertmanagers",
    }


def test_it_listens_on_this_machine_only_and_keeps_its_data_in_the_run() -> None:
    words = command(Path("/bin/prometheus"), Path("/run/prometheus.yml"), "127.0.0.1:9090")
    assert words[0] == "/bin/prometheus"
    assert "--web.listen-address=127.0.0.1:9090" in words
    assert "--storage.tsdb.path=/run/data" in words


def test_a_target_carries_job_and_instance() -> None:
    group = target_group("127.0.0.1:1", job="a", instance="a-1")
    assert group == {"targets": ["127.0.0.1:1"], "labels": {"job": "a", "instance": "a-1"}}


@pytest.mark.parametrize(
    "url, address, own",
    [
        ("http://127.0.0.1:81/metrics", "127.0.0.1:81", {}),
        ("http://127.0.0.1:81/prom", "127.0.0.1:81", {"__metrics_path__": "/prom"}),
        ("https://a.test/x/metrics", "a.test", {"__scheme__": "https", "__metrics_path__": "/x/metrics"}),
    ],
    ids=["as Prometheus assumes", "another path", "another scheme"],
)
def test_what_is_scraped_elsewhere_is_told(url: str, address: str, own: dict[str, str]) -> None:
    labels = {"job": "a", "instance": "a-1", **own}
    assert scraped_at(url, job="a", instance="a-1") == {"targets": [address], "labels": labels}

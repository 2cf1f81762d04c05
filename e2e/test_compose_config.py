"""docker compose's own opinion of the files, for every combination of profiles, with and without the stand-ins."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
import yaml
from containers import compose
from going_without import go_without

ROOT = Path(__file__).parents[1]
PROFILES = ("elk", "stores", "feed", "load", "hooks")
COMBINATIONS = [each for number in range(len(PROFILES) + 1) for each in itertools.combinations(PROFILES, number)]
OVERLAYS = ([], ["docker-compose.offline.yml"])


@pytest.fixture(autouse=True, scope="module")
def _plugin() -> None:
    """It reads files; no daemon is asked."""
    if shutil.which("docker") is None or compose("version").returncode:
        go_without("there is no `docker compose`. On Debian, as root: deploy/local-images/docker.sh", "SEATRIAL_DOCKER")


@pytest.mark.parametrize("overlay", OVERLAYS, ids=["official", "offline"])
@pytest.mark.parametrize("profiles", COMBINATIONS, ids=["+".join(each) or "default" for each in COMBINATIONS])
def test_every_combination_of_profiles_is_valid(profiles: tuple[str, ...], overlay: list[str]) -> None:
    files = [part for file in ("docker-compose.yml", *overlay) for part in ("--file", file)]
    asked = [part for profile in profiles for part in ("--profile", profile)]
    done = compose(*files, *asked, "config")
    assert (done.returncode, done.stderr) == (0, "")
    services = yaml.safe_load(done.stdout)["services"]
    assert ("elasticsearch" in services) == ("elk" in profiles)
    assert ("kibana" in services) == ("elk" in profiles and not overlay)
    assert ("postgres" in services) == ("stores" in profiles)
    assert ("cassandra" in services) == ("feed" in profiles)
    assert ("locust-master" in services) == ("load" in profiles)
    assert ("grafana" in services) == (not overlay)


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    document["services"]["orders"]["depends_on"] = {"nobody": {"condition": "service_healthy"}}
    (tmp_path / "docker-compose.yml").write_text(yaml.safe_dump(document))
    done = compose("--file", str(tmp_path / "docker-compose.yml"), "config", "--quiet")
    assert done.returncode != 0
    assert "nobody" in done.stderr

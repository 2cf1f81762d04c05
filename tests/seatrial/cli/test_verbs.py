from pathlib import Path

import pytest

from seatrial.cli.dispatch import VERBS, dispatch
from seatrial.cli.up import Wish, parse_replicas
from seatrial.errors import UsageError
from seatrial.report.status_table import footline, status_table

DOCS = Path(__file__).parents[3] / "docs" / "cli"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch([verb, "--help"]) == 0
    assert f"  seatrial {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_on_how_it_behaves(verb: str) -> None:
    assert (DOCS / f"{verb}.md").read_text().startswith(f"# seatrial {verb}: ")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_in_the_reference(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    dispatch([verb, "--help"])
    options = {word.strip(",") for word in capsys.readouterr().out.split() if word.startswith("--")}
    page = (
        (DOCS.parent / "reference" / "cli.md").read_text().partition(f"## seatrial {verb}\n")[2].partition("\n## ")[0]
    )
    assert [
        option for option in sorted(options - {"--help"}) if f"`{option}" not in page and f" {option}" not in page
    ] == []


def test_replicas_are_numbers_by_service() -> None:
    assert parse_replicas(["a=2", "b=1"], ["a", "b"]) == {"a": 2, "b": 1}


@pytest.mark.parametrize("given", ["c=2", "a", "a=", "a=0", "a=-1", "a=x", "=2"])
def test_wrong_replicas_are_wrong_usage(given: str) -> None:
    with pytest.raises(UsageError, match="--replicas"):
        parse_replicas([given], ["a", "b"])


def test_a_supervisor_is_told_what_was_asked_for() -> None:
    assert Wish(populate=True, faults=False, page=True, seed=1, replicas={}).options() == ["--seed=1"]
    asked = Wish(populate=False, faults=True, page=False, seed=7, replicas={"a": 2})
    assert asked.options() == ["--no-populate", "--faults", "--no-page", "--seed=7", "--replicas=a=2"]


def test_the_table_names_every_replica_and_what_it_costs() -> None:
    from rich.console import Console

    replica = {"instance": "a-1", "ready": True, "url": "http://u", "admin_url": "http://x:81", "main_pid": 1}
    document = {
        "run": "r1",
        "kind": "up",
        "state": "ready",
        "running": True,
        "entry_url": "http://u",
        "resident_bytes": 5_000_000,
        "services": [{**replica, "worker_pid": None}],
        "prometheus": {"url": "http://p", "pid": 3},
    }
    screen = Console(width=100)
    with screen.capture() as captured:
        screen.print(status_table(document))
    text = captured.get()
    assert [
        word for word in ("r1", "a-1", "yes", "http://u", ":81", "1 / -", "http://p", "5 MB") if word not in text
    ] == []


def test_the_status_shows_the_log_pipeline() -> None:
    logs = {"url": "http://e", "pid": 7, "shipper": {"pid": 8, "metrics_url": "http://s/metrics"}, "obstacle": ""}
    document = {"run": "r1", "kind": "up", "state": "ready", "running": True, "entry_url": None, "resident_bytes": 0}
    table = status_table({**document, "services": [], "prometheus": None, "elasticsearch": logs})
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["elasticsearch", "shipper"]
    assert cells[2] == ["http://e", "http://s/metrics"]
    assert cells[4] == ["7", "8"]


@pytest.mark.parametrize(
    "kinds, says",
    [
        ([], "entry http://u   resident"),
        (["postgresql"], "http://u   stores postgresql   resident"),
        (["sqlite"], "http://u   stores sqlite: replicas on this host only   resident"),
    ],
    ids=str,
)
def test_the_footline_says_how_far_replicas_may_be(kinds: list[str], says: str) -> None:
    assert says in footline({"entry_url": "http://u", "resident_bytes": 0, "stores": kinds})
    assert footline({"entry_url": "http://u", "resident_bytes": 0}).startswith("entry http://u   resident")

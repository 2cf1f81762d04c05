from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from left_run import HOSTILE, check, story, verdict, write_run

from seatrial.errors import UsageError
from seatrial.report.html.page import in_script, report_html
from seatrial.report.html.pair import pair_html
from seatrial.report.html.source import read_source

LARGEST = 2_000_000


class Seen(HTMLParser):
    """The text that a reader without JavaScript sees, and every address that the page would ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.asked, self.ids, self._silent = "", [], [], 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._silent += tag in {"script", "style"}
        self.ids += [named["id"]] if named.get("id") else []
        self.asked += [named[name] for name in ("src", "href") if named.get(name)]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data


def seen(run_dir: Path) -> Seen:
    return Seen(report_html(read_source(run_dir)))


def test_it_is_one_file_that_asks_nobody(run_dir: Path) -> None:
    page = report_html(read_source(run_dir))
    assert len(page.encode()) < LARGEST
    assert [address for address in Seen(page).asked if not address.startswith("#")] == []
    assert "default-src 'none'" in page


def test_links_within_lead_somewhere_and_ids_are_unique(run_dir: Path) -> None:
    found = seen(run_dir)
    assert {address[1:] for address in found.asked} <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))


@pytest.mark.parametrize("verdict_", ["PASS", "FAIL", "INCONCLUSIVE"])
def test_the_verdict_comes_first_with_its_reasons_and_what_was_not_checked(tmp_path: Path, verdict_: str) -> None:
    checks = [check("latency.all.p95", verdict_, value=0.4, limit=0.1, unit="s", reason="all of it beyond")]
    text = seen(write_run(tmp_path / "r", **{"verdict.json": verdict(verdict=verdict_, checks=checks)})).text
    first = text[: text.index("Course of the run", 400)]
    assert f"{verdict_}: " in first
    assert "slopes (the profile sets none)" in first
    assert ("all of it beyond" in first) is (verdict_ != "PASS")


def test_what_comes_from_logs_and_names_is_text(run_dir: Path) -> None:
    page = report_html(read_source(run_dir))
    assert HOSTILE not in page
    assert "&lt;script&gt;alert" in page


def test_data_cannot_end_its_script() -> None:
    assert "</" not in in_script({"a": "</script><b>"})


@pytest.mark.parametrize(
    "absent", ["traces.json", "metrics/timeline.json", "samples/generator-1.json", "profile.json", "run.json"]
)
def test_a_run_that_lacks_something_still_has_a_report(tmp_path: Path, absent: str) -> None:
    assert "PASS" in seen(write_run(tmp_path / "r", **{absent: None})).text


def test_a_run_without_load_says_that_there_is_no_course(tmp_path: Path) -> None:
    run = write_run(tmp_path / "r", **{"samples/generator-1.json": None})
    for file in (run / "samples").glob("*.parquet"):
        file.unlink()
    assert "No load was driven" in seen(run).text


@pytest.mark.parametrize("run", [{"run.json": {}}, {"run.json": None}], ids=["interrupted", "no run"])
def test_a_folder_without_a_verdict_is_refused(tmp_path: Path, run: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"holds no verdict\.json"):
        read_source(write_run(tmp_path / "r", **{"verdict.json": None, **run}))


def test_a_failed_request_is_shown_before_slow_ones(tmp_path: Path) -> None:
    requests = [story(step="slow-one"), story(why="failed", step="failed-one", outcome="timeout", status=0)]
    text = seen(write_run(tmp_path / "r", **{"traces.json": {"requests": requests}})).text
    assert text.index("failed-one") < text.index("slow-one")


def test_every_figure_of_the_tables_is_in_the_page_without_a_script(run_dir: Path) -> None:
    text = re.sub(r"\s+", " ", seen(run_dir).text)
    for figure in ("20 ms", "90 MB", "0.30 cores", "POST /orders", "generator"):
        assert figure in text


def test_two_runs_stand_side_by_side(run_dir: Path, tmp_path: Path) -> None:
    checks = [check("latency.all.p95", "FAIL", value=0.4, low=0.3, high=0.5, limit=0.1, unit="s")]
    other = write_run(tmp_path / "b", **{"verdict.json": verdict(verdict="FAIL", run="b", checks=checks)})
    found = Seen(pair_html(read_source(run_dir), read_source(other)))
    for words in ("20 ms (10 ms to 30 ms)", "400 ms (300 ms to 500 ms)", "No judgement of the change", "not asked"):
        assert words in found.text

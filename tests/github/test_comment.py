"""comment.sh, which keeps one comment on a pull request, with a gh that notes what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from automation import GITHUB
from shams import Shams

COMMENT = GITHUB / "actions" / "trial" / "comment" / "comment.sh"
COMMENTS = "repos/acme/shop/issues/7/comments"
# Says the ids of old comments when it is asked for them, and keeps the body that it is given.
GH = """
case "$*" in
  *--jq*) printf '%s' "$OLD" ;;
  *) for each in "$@"; do case $each in body=@*) cp "${each#body=@}" "$0.body" ;; esac; done ;;
esac
exit "${FAILS:-0}"
"""


@pytest.fixture
def shams(tmp_path: Path) -> Shams:
    found = Shams(
        tmp_path,
        {
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "42",
            "COMMIT": "0123456789abcdef",
            "PULL_REQUEST": "7",
            "SUMMARY": str(tmp_path / "summary.md"),
            "OLD": "",
        },
    )
    found.make("gh", GH)
    (tmp_path / "summary.md").write_text("## a summary\n\n| a | table |\n")
    return found


def body(shams: Shams) -> str:
    return (shams.folder / "gh.body").read_text(encoding="utf-8")


def test_the_first_comment_is_written(shams: Shams) -> None:
    done = shams.run(COMMENT)
    assert done.returncode == 0, done.stderr
    asked, written = shams.called("gh")
    assert asked[:3] == ["api", "--paginate", COMMENTS]
    assert written[:5] == ["api", "--silent", "--method", "POST", COMMENTS]


def test_the_next_one_takes_its_place(shams: Shams) -> None:
    done = shams.run(COMMENT, OLD="11\n12\n")
    assert done.returncode == 0, done.stderr
    assert shams.called("gh")[1][:5] == ["api", "--silent", "--method", "PATCH", "repos/acme/shop/issues/comments/11"]


def test_it_is_known_by_a_mark_that_nobody_sees(shams: Shams) -> None:
    shams.run(COMMENT, TOPIC="load-gate")
    assert body(shams).splitlines()[0] == "<!-- seatrial: load-gate -->"


def test_only_what_a_workflow_wrote_is_written_anew(shams: Shams) -> None:
    shams.run(COMMENT)
    asked = shams.called("gh")[0]
    chosen = asked[asked.index("--jq") + 1]
    assert '.user.type == "Bot"' in chosen
    assert "startswith(env.MARKER)" in chosen


def test_it_shows_the_summary_and_leads_to_the_run(shams: Shams) -> None:
    shams.run(COMMENT)
    assert "## a summary\n\n| a | table |\n" in body(shams)
    assert "0123456789ab," in body(shams)
    assert "(https://github.example/acme/shop/actions/runs/42)" in body(shams)


def test_a_summary_that_is_too_long_is_cut_at_a_line(shams: Shams) -> None:
    (shams.folder / "summary.md").write_text("ä lïne\n" * 20_000, encoding="utf-8")
    shams.run(COMMENT)
    assert len(body(shams)) < 65_536
    assert set(body(shams).splitlines()[1:-4]) == {"ä lïne"}
    assert "(The rest is in the artefacts.)" in body(shams)


def test_no_summary_is_said(shams: Shams) -> None:
    (shams.folder / "summary.md").unlink()
    assert shams.run(COMMENT).returncode == 0
    assert "no verdict" in body(shams)


def test_nothing_is_written_where_there_is_no_pull_request(shams: Shams) -> None:
    assert shams.run(COMMENT, PULL_REQUEST="").returncode == 0
    assert shams.called("gh") == []


def test_a_comment_that_cannot_be_written_is_a_failure(shams: Shams) -> None:
    assert shams.run(COMMENT, FAILS="1").returncode != 0

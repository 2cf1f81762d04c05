"""`seatrial report`: a run as a page, as text or as data; two runs side by side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.errors import UsageError

if TYPE_CHECKING:  # numpy, duckdb and the templates are imported when there is something to draw
    from seatrial.report.html.source import Source

EXAMPLES = (
    "seatrial report",
    "seatrial report 20261123-024501-a1b2",
    "seatrial report --format md",
    "seatrial report 20261123-024501-a1b2 latest",
    "seatrial report latest --out report.html",
)


class Format(StrEnum):
    """What a report may be."""

    HTML = "html"
    MD = "md"
    JSON = "json"
    JUNIT = "junit"


def report(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's id or folder.")] = "latest",
    other: Annotated[str | None, typer.Argument(help="A second run, to be shown beside it.")] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="html, md, json or junit.")] = Format.HTML,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: into the run, text to the terminal.")
    ] = None,
) -> None:
    """Show a run as a page, as text or as data; two runs side by side.

    Reads the run's folder alone: nothing needs to run. The exit code says whether the report was made, not the verdict.
    """
    from seatrial.report.html.source import read_source
    from seatrial.run_folder import write_text

    invocation: Invocation = context.obj
    sources = [read_source(find_run(invocation, each)) for each in (run, other) if each is not None]
    text = one(sources[0], form) if other is None else two(sources[0], sources[1], form)
    if out is None and form is not Format.HTML:
        typer.echo(text, nl=False)
        return
    file = out or default_file(sources)
    try:
        write_text(file, text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}. Name another file with --out.") from error
    typer.echo(str(file))


def find_run(invocation: Invocation, asked: str) -> Path:
    """A folder as it is, or a run's id below the project's runs. Raises UsageError."""
    if (Path(asked) / "run.json").is_file() or (Path(asked) / "verdict.json").is_file():
        return Path(asked).resolve()
    folder = invocation.runs / asked
    if not folder.is_dir():
        from seatrial.run_folder import run_ids

        known = ", ".join(run_ids(invocation.runs)[-5:])
        listed = f"The latest there: {known}." if known else "There is none; make one with `seatrial trial`."
        raise UsageError(f"there is no run {asked!r} in {invocation.runs}. {listed}")
    return folder.resolve()


def one(source: Source, form: Format) -> str:
    """The text of one run's report."""
    match form:
        case Format.HTML:
            from seatrial.report.html.page import report_html

            return report_html(source)
        case Format.MD:
            from seatrial.report.summary import summary_markdown

            return summary_markdown(source.verdict)
        case Format.JUNIT:
            from seatrial.report.junit import junit_xml

            return junit_xml(source.verdict)
        case Format.JSON:
            return as_json(source.verdict)


def two(first: Source, second: Source, form: Format) -> str:
    """The text of two runs side by side."""
    match form:
        case Format.HTML:
            from seatrial.report.html.pair import pair_html

            return pair_html(first, second)
        case Format.MD:
            from seatrial.report.side_by_side import side_by_side_markdown

            return side_by_side_markdown(first.verdict, second.verdict)
        case Format.JSON:
            return as_json([first.verdict, second.verdict])
        case Format.JUNIT:
            raise UsageError("two runs are no JUnit report. Take --format html, md or json, or name one run.")


def as_json(document: object) -> str:
    """JSON for a machine that a person may read too."""
    import json

    return json.dumps(document, indent=2) + "\n"


def default_file(sources: list[Source]) -> Path:
    """Into the folder of the run, or of the second."""
    folder = sources[-1].folder
    return folder / ("report.html" if len(sources) == 1 else f"beside-{sources[0].folder.name}.html")

"""The page that shows two runs side by side: their courses in the same charts, their figures in the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seatrial.report.html.course import Course, read_course
from seatrial.report.html.page import render
from seatrial.report.html.source import Source
from seatrial.report.side_by_side import check_rows, figure_rows, service_rows, step_rows


def pair_html(first: Source, second: Source) -> str:
    """The text of the page."""
    documents = (first.verdict, second.verdict)
    courses = [read_course(each) for each in (first, second)]
    return render(
        "side_by_side.html.j2",
        title=f"{first.verdict['run']} and {second.verdict['run']}",
        items=_items(courses),
        documents=documents,
        figures=figure_rows(*documents),
        checks=check_rows(*documents),
        steps=step_rows(courses[0].steps, courses[1].steps),
        services=service_rows(*documents),
    )


def _items(courses: Sequence[Course]) -> dict[str, Any]:
    if not all(course.times for course in courses):
        return {}
    from seatrial.report.html.charts import pair_course_item, pair_spread_item

    return {"course-charts": pair_course_item(courses), "spread-chart": pair_spread_item(courses)}

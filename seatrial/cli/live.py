"""How a verb shows the run that it owns: the renderer that fits, and the live page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from seatrial.cli.invocation import Invocation

if TYPE_CHECKING:  # models and the page are imported when there is something to show
    from seatrial.live.view import LiveView
    from seatrial.load.profile import Profile
    from seatrial.project.project import Project
    from seatrial.run_folder import RunFolder


def live_view(
    invocation: Invocation,
    project: Project,
    run: RunFolder,
    *,
    page: bool,
    profile: Profile | None = None,
    stream: TextIO | None = None,
) -> LiveView:
    """To be used in a `with`; the page's address goes into run.json, for other terminals."""
    from seatrial.live.board import About
    from seatrial.live.server import PageServer
    from seatrial.live.view import LiveView
    from seatrial.report.renderers import choose_renderer

    about = About(run.id, run.record["kind"], project.fleet.name, project.fleet.entry, profile)
    return LiveView(
        project,
        about,
        choose_renderer(stream or sys.stdout, color=invocation.settings.color),
        serve=PageServer if page else None,
        on_page=lambda url: run.add(page=url),
    )

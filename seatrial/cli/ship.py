"""`seatrial ship`: follow the logs of a fleet and fill an Elasticsearch with them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.errors import UsageError

EXAMPLES = (
    "seatrial ship --elasticsearch http://127.0.0.1:9200",
    "seatrial ship RUN_ID --elasticsearch http://127.0.0.1:9200 --port 9205",
)


def ship(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(metavar="RUN_ID", help="Default: the only one that runs.")] = None,
    elasticsearch: Annotated[str | None, typer.Option(metavar="URL", help="Default: the run's own.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of its metrics on 127.0.0.1; 0: a free one.")] = 0,
) -> None:
    """Follow the log files of a running stack and send each line to Elasticsearch, once.

    Runs until Ctrl-C; started again, it goes on where it was. `trial --with elasticsearch` and `up --with elasticsearch` start it
    by themselves.
    """
    from seatrial.backends.elasticsearch import connect
    from seatrial.piped import shipped_roles
    from seatrial.project.project import load_project
    from seatrial.run_folder import RunFolder
    from seatrial.ship.bulk import BulkSender
    from seatrial.ship.following import sources_of
    from seatrial.ship.names import IndexNames
    from seatrial.ship.shipper import Shipper
    from seatrial.stacks.observation import choose_stack

    invocation: Invocation = context.obj
    project = load_project(invocation.file)
    stack = choose_stack(invocation.runs, run)
    own = stack.get("elasticsearch") or {}
    url = elasticsearch or own.get("url")
    if not url:
        raise UsageError(f"run {stack['run']} has no Elasticsearch. Name one: --elasticsearch URL.")
    roles = shipped_roles(project)
    if not roles:
        raise UsageError(
            "no log field has the roles event_id and timestamp, without which no line can arrive once. Add them."
        )
    sources = sources_of(((each["service"], each["instance"], each["log_file"]) for each in stack["services"]), roles)
    folder = RunFolder.open(invocation.runs / stack["run"]).path / "ship"
    folder.mkdir(exist_ok=True)
    names = IndexNames(own["alias"].removesuffix("-logs")) if own else IndexNames.of(project.fleet.name, stack["run"])
    shipper = Shipper.at(
        folder,
        sources,
        roles,
        names,
        BulkSender(connect(url, invocation.settings.elasticsearch)),
        tell=lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    server = shipper.gauges.serve(port)
    print(
        f"shipping {len(sources)} logs to {url} as {names.alias}; metrics on http://127.0.0.1:{server.server_port}/metrics",
        flush=True,
    )
    shipper.run()

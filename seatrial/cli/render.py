"""`seatrial render`: write what other programs are configured with from the project's own files."""

from __future__ import annotations

from typing import Annotated

import typer

from seatrial.cli.invocation import Invocation
from seatrial.errors import Exit

EXAMPLES = ("seatrial render", "seatrial render --check")


def render(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
) -> Exit:
    """Write the generated files anew, from the contract.

    Elasticsearch's templates and Kibana's saved objects from telemetry.yml, into the folders that seatrial.yml names with
    `elasticsearch` and `kibana`. They are committed, so that the containers are configured with them; `--check` is for CI.
    """
    from seatrial.errors import UsageError
    from seatrial.project.project import load_project
    from seatrial.render.files import rendered, stale, write

    invocation: Invocation = context.obj
    files = rendered(load_project(invocation.file))
    if not files:
        raise UsageError(
            f"{invocation.file} names no folder to render into. Add `elasticsearch: FOLDER` or `kibana: FOLDER`."
        )
    amiss = list(stale(files))
    for path, matter in amiss:
        print(f"{path} {matter}" if check else f"{path} {matter}: mended")
    if check:
        print(
            f"{len(files)} files, {len(amiss)} to mend. Run `seatrial render`."
            if amiss
            else f"{len(files)} files, all as they should be"
        )
        return Exit.FAIL if amiss else Exit.PASS
    write(files)
    print(f"{len(files)} files rendered")
    return Exit.PASS

"""What `trial` and `up` have in common of the log pipeline's options."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from seatrial.stacks.pipeline import Wanted


ElasticsearchUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="That one, instead of one of the run's own; implies --with.")
]


class With(StrEnum):
    """What a stack may have beside the fleet and Prometheus."""

    ELASTICSEARCH = "elasticsearch"


def wanted(with_: With | None, url: str | None) -> Wanted | None:
    """The log pipeline that was asked for. Raises UsageError for an address that is none."""
    from seatrial.stacks.pipeline import Wanted

    if url is not None and not url.startswith(("http://", "https://")):
        raise UsageError(f"--elasticsearch {url}: write an address, as http://127.0.0.1:9200.")
    return Wanted(url) if with_ or url else None

"""What a service tells when it starts, so that whoever started it by hand knows where it is and what it needs.

Without settings its store is in ./.seatrial, and so is its client secret; the stack gives every setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleet.kit.app import Kit


FOLDER = Path(".seatrial")


def introduce(kit: Kit, *, calls: tuple[str, ...] = ()) -> None:
    """Log where the service listens and what it needs."""
    settings = kit.settings
    where = f"http://{settings.host}:{settings.port}"
    needs = f"; calls {', '.join(calls)} {_found(kit)}" if calls else ""
    kit.logs.event("service.introduced", f"{kit.service} on {where}{needs}")


def _found(kit: Kit) -> str:
    settings = kit.settings
    if settings.discovery_file:
        return f"as {settings.discovery_file} says"
    port = settings.discovery_dns_port
    return f"by their names at port {port}" if port else "at their default ports"

"""`python -m fleet.kit.probe PORT` ends in 0 when the replica beside it is ready: what a container's health check runs.

Needs the standard library alone, so that it starts in some hundredths of a second, each few seconds, in each container.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT_SECONDS = 2.0


def is_ready(port: int) -> bool:
    """Whether the admin port on this host says so."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_ready(int(sys.argv[1])))

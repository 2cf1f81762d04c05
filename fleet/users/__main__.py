"""`python -m fleet.users` starts the service alone."""

from __future__ import annotations

from fleet.kit.server import serve
from fleet.users import UsersSettings

if __name__ == "__main__":
    serve("fleet.users.app:create_app", UsersSettings)

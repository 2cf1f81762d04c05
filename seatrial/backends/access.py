"""How to be let into a server; kept apart so that reading the settings loads no client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """How to be let in; `password` and `api_key` are never shown."""

    user: str = ""
    password: str = ""
    api_key: str = ""

    def __repr__(self) -> str:
        return f"Access(user={self.user!r})"

    def options(self) -> dict[str, Any]:
        """As the client takes it."""
        if self.api_key:
            return {"api_key": self.api_key}
        return {"basic_auth": (self.user, self.password)} if self.user else {}


NOBODY = Access()

"""A service's own tokens, for calls that it makes for itself: OAuth 2.0 client credentials (RFC 6749, section 4.4).

One token per callee, fetched from the service that issues them, kept and renewed ahead of its end. The secret goes
nowhere but into that request.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote_plus, urlencode

from fleet.kit.client import Answer, ServiceClient
from fleet.kit.errors import SettingsError, Unavailable
from fleet.kit.logs import Logs
from fleet.kit.renewal import Lease, Renewed

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
FETCH_SECONDS = 2.0
RENEW_AT = 0.8  # of a token's life
SPARE_SECONDS = 2.0  # of a token's life are left unused: `exp` is in whole seconds, and the call takes its time

_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)


class ServiceTokens:
    """The tokens of the service `client_id`, from the issuer behind `client`. Safe for threads."""

    def __init__(
        self,
        client: ServiceClient,
        client_id: str,
        secret: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        logs: Logs | None = None,
    ) -> None:
        self._client = client
        self._client_id = client_id
        self._secret = secret
        self._clock = clock
        self._logs = logs
        self._lock = Lock()
        self._tokens: dict[str, Renewed[str]] = {}

    def headers(self, audience: str) -> dict[str, str]:
        """The header that lets this service into the service `audience`.

        Raises:
            Unavailable: no token can be had; nothing was sent to `audience`.
        """
        return {"Authorization": f"Bearer {self._token(audience).value()}"}

    def _token(self, audience: str) -> Renewed[str]:
        with self._lock:
            if audience not in self._tokens:
                fetch = partial(self._fetch, audience)
                self._tokens[audience] = Renewed(fetch, patience=FETCH_SECONDS, clock=self._clock)
            return self._tokens[audience]

    def _fetch(self, audience: str) -> Lease[str]:
        if not self._secret:
            raise Unavailable(f"{self._client_id} has no client secret; is SEATRIAL_CLIENT_SECRET_FILE set?")
        body = urlencode({"grant_type": "client_credentials", "audience": audience}).encode()
        headers = {"Authorization": self._basic(), "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._client.post(TOKEN_PATH, body=body, headers=headers, timeout=FETCH_SECONDS)
        if answer.status != HTTPStatus.OK:
            self._tell(audience, answer)
            raise Unavailable(f"{answer.callee} answered {answer.status}: no token for {audience}.")
        return lease(answer.json(), answer.callee)

    def _basic(self) -> str:
        # Form-encoded first (RFC 6749, section 2.3.1), so that a colon in the id does not split it.
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
        return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"

    def _tell(self, audience: str, answer: Answer) -> None:
        if self._logs is not None and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            sentence = f"{answer.callee} refuses {self._client_id} a token for {audience}: {answer.status}"
            self._logs.event("credentials.refused", sentence, level="error", server_address=answer.callee)


def lease(document: Any, issuer: str) -> Lease[str]:
    """The token of an answer (RFC 6749, section 5.1), to be renewed at `RENEW_AT` of its life.

    Raises:
        Unavailable: the answer holds none.
    """
    match document:
        case {"access_token": str(token), "token_type": str(kind), "expires_in": int(life)} if (
            _PRINTABLE.fullmatch(token) and kind.lower() == "bearer" and life > 0
        ):
            return Lease(token, RENEW_AT * life, max(RENEW_AT * life, life - SPARE_SECONDS))
    raise Unavailable(f"{issuer} answered without a bearer token.")


def read_secret(file: Path) -> str:
    """The secret that the file holds.

    Raises:
        SettingsError: it cannot be read, or is empty.
    """
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"SEATRIAL_CLIENT_SECRET_FILE: {file} cannot be read: {error}.") from None
    if not secret:
        raise SettingsError(f"SEATRIAL_CLIENT_SECRET_FILE: {file} is empty.")
    return secret

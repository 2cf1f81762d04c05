"""What users speak of: accounts, credentials, tokens. Names and display names are normalised where they are read.

An account's name is what one logs in with: NFKC, case-folded, of one script. Whether it looks like another's is the store's part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from fleet.kit.body import Input
from fleet.users.lookalikes import folded, mixes_scripts

SHOP = "shop"  # the client in whose name customers log in
SHOP_AUDIENCE = ("gateway", "users", "orders", "payments", "activity")
SHOP_SCOPE = "profile account orders feed"
PROFILE = "profile"
SERVICE_NAME = "seatrial"  # no password may hold it

_SHAPE = re.compile(r"[^\W\d_][\w.-]{2,31}")
_FILLERS = frozenset("\u115f\u1160")  # letters that show nothing
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # text behind them is drawn the other way


def account_name(text: str) -> str:
    """The name in the one form in which it is stored and compared.

    Raises:
        PydanticCustomError: it is no name; the message says why.
    """
    name = folded(text)
    plain = all(character.isalpha() or character in "0123456789._-" for character in name)
    if not plain or not _SHAPE.fullmatch(name) or _FILLERS & set(name):
        raise _wrong("The name must have 3 to 32 letters, digits, dots, underscores or hyphens, a letter first.")
    if mixes_scripts(name):
        raise _wrong("The name must not mix letters of several scripts.")
    return name


def shown_name(text: str) -> str:
    """A display name: NFKC, without what is not seen or turns the line around. Raises PydanticCustomError."""
    name = unicodedata.normalize("NFKC", text).strip()
    unseen = any(unicodedata.category(character) in _UNSEEN for character in name)
    if unseen or _TURNS.search(name) or not 1 <= len(name) <= 64:  # noqa: PLR2004 - said in the message
        raise _wrong("The display name must have 1 to 64 characters and no control characters.")
    return name


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("name", message)


def _example(members: Mapping[str, str]) -> ConfigDict:
    """Shown in the OpenAPI document; added to what the base class configures."""
    return ConfigDict(json_schema_extra={"example": dict(members)})


LOGIN = {"name": "ada.lovelace", "password": "correct horse battery staple"}

# Normalising may lengthen a text eighteenfold; what came in is bounded before.
Name = Annotated[str, Field(max_length=64), AfterValidator(account_name)]
DisplayName = Annotated[str, Field(max_length=128), AfterValidator(shown_name)]
Password = Annotated[SecretStr, Field(max_length=512)]


class Registration(Input):
    """A new account. Without a display name, the name is shown."""

    model_config = _example(LOGIN | {"display_name": "Ada Lovelace"})

    name: Name
    password: Password
    display_name: DisplayName | None = None


class Credentials(Input):
    """A login. Nothing is said of a name or password that could not be one: it is wrong like any other."""

    model_config = _example(LOGIN)

    name: Annotated[str, Field(max_length=256)]
    password: Password


class ProfileChange(Input):
    """All that one may change of oneself."""

    model_config = _example({"display_name": "Countess of Lovelace"})

    display_name: DisplayName


class Member(BaseModel):
    """An account as it is shown to whoever made it."""

    id: str
    name: str
    display_name: str


class Profile(Member):
    """One's own account."""

    created: datetime


class AccessToken(BaseModel):
    """RFC 6749, section 5.1; `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind
    expires_in: int


class ServiceToken(AccessToken):
    """A service's own token, and what it allows."""

    scope: str


class TokenForm(BaseModel):
    """What a service asks for: a token in its own name, for one other service."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"grant_type": "client_credentials", "audience": "payments"},
            "additionalProperties": {"type": "string"},  # unknown ones are ignored, twice the same is refused
        }
    )

    grant_type: Literal["client_credentials"]
    audience: str
    scope: str = ""  # what was granted; a form has no null


class TokenError(BaseModel):
    """RFC 6749, section 5.2; `invalid_target` is RFC 8707's."""

    error: str
    error_description: str


class KeySet(BaseModel):
    """A JWK set, RFC 7517; public keys only."""

    keys: list[dict[str, str]]


class Metadata(BaseModel):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str] = ["client_credentials"]
    response_types_supported: list[str] = []
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    scopes_supported: list[str]

"""Where accounts are made and credentials looked at: what is refused, and that nothing is learnt from how.

HTTP is the views' part; which passwords may be had is `passwords`', what a hash costs `hashing`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from pydantic_core import PydanticCustomError

from fleet.kit.errors import Conflict, TooManyRequests, Unauthorized, Unprocessable
from fleet.users import UsersSettings
from fleet.users.hashing import Passwords, TooManyHashes
from fleet.users.model import SERVICE_NAME, Credentials, Registration, account_name
from fleet.users.passwords import prepared, weakness
from fleet.users.store import User, UsersStore


class NameTaken(Conflict):
    """The name, or one that a person could take for it, has an account."""

    slug, title = "name-taken", "The name is taken"


class WeakPassword(Unprocessable):
    """A guesser would try it early; the reason never repeats it."""

    slug, title = "weak-password", "The password is too easy to guess"


class LoginFailed(Unauthorized):
    """One answer for a wrong password and for a name that nobody has."""

    slug, title = "login-failed", "Login failed"


class TooManyFailures(TooManyRequests):
    """Logins with this name failed too often, whether or not somebody has it."""

    slug, title = "too-many-failed-logins", "Too many failed logins"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where accounts are made and credentials looked at."""

    store: UsersStore
    passwords: Passwords
    settings: UsersSettings
    clock: Callable[[], float]

    def register(self, wanted: Registration) -> User:
        """The new account's user.

        Raises:
            WeakPassword, NameTaken, TooManyHashes: nothing is stored.
        """
        password = prepared(wanted.password.get_secret_value())
        if (reason := weakness(password, known=(wanted.name, SERVICE_NAME))) is not None:
            raise WeakPassword(reason, extensions={"errors": [{"location": "password", "message": reason}]})
        # Looked at before the hash, which is dear, and again when it is stored.
        if self.store.is_taken(wanted.name):
            raise NameTaken("The name, or one that looks like it, is taken.")
        user = User(
            id=uuid4().hex,
            name=wanted.name,
            display_name=wanted.display_name or wanted.name,
            password_hash=self.passwords.hash(password),
            created=self.clock(),
        )
        if not self.store.add(user):
            raise NameTaken("The name, or one that looks like it, is taken.")
        return user

    def login(self, given: Credentials) -> User:
        """Whose credentials these are. The same is done, at the same cost, for a name that nobody has.

        Raises:
            LoginFailed, TooManyFailures, TooManyHashes: nobody's, or not looked at.
        """
        name, limits = _normalised(given.name), self.settings
        attempt = self.store.attempt(
            name, self.clock(), limit=limits.login_failures, window=limits.login_window_seconds
        )
        if attempt.retry_after:
            raise TooManyFailures("Too many logins with this name failed.", retry_after=attempt.retry_after)
        user, password = self.store.named(name), prepared(given.password.get_secret_value())
        try:
            matches = self.passwords.verify(user.password_hash if user else None, password)
        except TooManyHashes:
            self.store.withdraw(attempt)
            raise
        if user is None or not matches:
            raise LoginFailed("The name or the password is wrong.")
        self.store.succeeded(attempt)
        self._keep_up(user, password)
        return user

    def _keep_up(self, user: User, password: str) -> None:
        """Hash again when the cost was set anew; when there is no room for it now, the next login will."""
        if self.passwords.outdated(user.password_hash):
            with suppress(TooManyHashes):
                self.store.rehash(user.password_hash, self.passwords.hash(password))


def _normalised(name: str) -> str:
    """The name as stored; what could not be one stays as it is, and is looked for like any other."""
    try:
        return account_name(name)
    except PydanticCustomError:
        return name

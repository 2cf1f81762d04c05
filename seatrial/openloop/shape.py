"""A profile as a Locust shape: the rate of each second is that second's number of users."""

from __future__ import annotations

from locust import LoadTestShape

from seatrial.openloop.profile import Profile


class ProfileShape(LoadTestShape):
    """Whole users in one-second steps; all of a step's users come and go at once."""

    # Locust offers every concrete shape it sees in a locustfile; this one is set by the profile only.
    abstract = True

    def __init__(self, profile: Profile) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust ships it untyped
        self._rates = profile.rates()
        self._spawn_rate = float(max([1, *self._rates]))

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate of the current second; None after the last."""
        second = int(self.get_run_time())  # type: ignore[no-untyped-call]  # as above
        return (self._rates[second], self._spawn_rate) if second < len(self._rates) else None

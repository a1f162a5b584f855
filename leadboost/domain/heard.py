"""Whether this host is still among the others: a stop elsewhere must be able to reach it."""

from leadboost.clock import Clock

WITHIN_S = 2.0


class LastHeard:
    """When Redis or the database last said anything. Who hears neither for 2 s may not raise spend."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = float("-inf")

    def note(self) -> None:
        """One of the two was heard just now."""
        self._at = self._clock.monotonic()

    def failure(self) -> str | None:
        """Why a stop elsewhere might not be heard; None while it would."""
        silent_s = self._clock.monotonic() - self._at
        if silent_s <= WITHIN_S:
            return None
        return f"neither Redis nor the database was heard for {WITHIN_S:g} s"

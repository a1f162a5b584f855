"""Whether what is sent into the mirror comes back: the only proof that both its directions work."""

from leadboost.clock import Clock

FRESH_S = 3.0


class Echo:
    """Remembers when this host last heard itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = clock.monotonic()
        self._heard_at: float | None = None

    def note(self) -> None:
        """It came back just now."""
        self._heard_at = self._clock.monotonic()

    def failure(self) -> str | None:
        """Why the mirror is not fresh; None while it is."""
        now = self._clock.monotonic()
        if self._heard_at is None:
            return f"no echo from Redis in {now - self._began_at:.0f} s since the start"
        silent_s = now - self._heard_at
        return f"no echo from Redis for {silent_s:.0f} s" if silent_s > FRESH_S else None

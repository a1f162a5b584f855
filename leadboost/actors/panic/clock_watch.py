"""Whether the wall clock is sane: halts, approvals and budgets are dated by it."""

from datetime import datetime

from leadboost.clock import Clock

JUMP_S = 2.0


class ClockWatch:
    """Compares the wall clock with the monotonic one, from look to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[datetime, float] | None = None

    def look(self) -> str | None:
        """What is wrong with the wall clock since the last look; None when nothing is."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        last, self._last = self._last, (now, monotonic)
        if last is None:
            return None
        jump_s = (now - last[0]).total_seconds() - (monotonic - last[1])
        return f"the wall clock jumped by {jump_s:.1f} s" if abs(jump_s) > JUMP_S else None

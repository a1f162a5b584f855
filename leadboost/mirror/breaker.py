"""A breaker: who does not answer is not asked for a while, so that nobody waits for him again and again."""

from leadboost.clock import Clock
from leadboost.errors import MirrorError

FAILURES = 3
OPEN_S = 2.0


class Breaker:
    """Opens at the third failure in a row; after two seconds one caller tries, others go on failing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._closed_at = 0.0

    def check(self) -> None:
        """Let a call pass. Raises MirrorError while open."""
        if self._failures < FAILURES:
            return
        now = self._clock.monotonic()
        if now < self._closed_at:
            raise MirrorError("Redis does not answer and is not asked just now")
        self._closed_at = now + OPEN_S

    def note(self, *, answered: bool) -> None:
        """Take in how a call ended."""
        self._failures = 0 if answered else self._failures + 1
        if self._failures >= FAILURES:
            self._closed_at = self._clock.monotonic() + OPEN_S

"""The calls that a service still takes."""

import math
from collections.abc import Mapping

from leadboost.clock import Clock

LONGEST_S = 86_400.0


class RateBudget:
    """What a service's own headers say is left; shared by all sources that use one credential.

    Until the headers were seen, and once the window is over, there is no limit.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = math.inf
        self._renewed_at = -math.inf

    def take(self) -> float:
        """Take one call and return 0; with none left the seconds until there are new ones."""
        wait_s = self._renewed_at - self._clock.monotonic()
        if wait_s <= 0:
            self._left = math.inf
        if self._left < 1:
            return wait_s
        self._left -= 1
        return 0.0

    def learn(self, left: float | None, renewed_in_s: float | None) -> None:
        """Believe an answer: calls left, and seconds until the window ends. None: it does not say."""
        if left is None or renewed_in_s is None:
            return
        self._left = left
        self._renewed_at = self._clock.monotonic() + min(max(renewed_in_s, 0.0), LONGEST_S)


def header_number(headers: Mapping[str, str], name: str) -> float | None:
    """Return a header as a finite number from 0, else None."""
    try:
        number = float(headers.get(name, "")[:24])
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

"""Growing waits between the polls of a source that fails."""

from collections.abc import Mapping

from leadboost.clock import Rng

_JITTER = 0.1


class Backoff:
    """Waits that double from a first one up to a longest one, apart for each kind of failure.

    ``schedule`` maps a kind to (first, longest), in seconds. Each wait grows by up to a tenth at
    random, so that sources that failed together do not come back together.
    """

    def __init__(self, schedule: Mapping[str, tuple[float, float]], rng: Rng) -> None:
        self._schedule = dict(schedule)
        self._rng = rng
        self._failures = 0

    def next_s(self, kind: str) -> float:
        """Count one failure and return the wait after it."""
        first_s, longest_s = self._schedule[kind]
        wait_s = min(first_s * 2.0 ** min(self._failures, 32), longest_s)
        self._failures += 1
        return wait_s * self._rng.uniform(1.0, 1.0 + _JITTER)

    def reset(self) -> None:
        """Forget all failures."""
        self._failures = 0

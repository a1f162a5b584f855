"""Supervision: how often an actor may be restarted, and how long each time it waits before."""

from collections import deque
from dataclasses import dataclass, field

from leadboost.clock import Rng
from leadboost.runtime.mailbox import Bounds

_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 30.0
_HEALTHY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """How an actor is supervised.

    More than ``intensity[0]`` restarts within ``intensity[1]`` seconds are too many: a critical
    actor then escalates, any other becomes DEGRADED and the rest live on.
    """

    critical: bool = False
    intensity: tuple[int, float] = (5, 30.0)
    bounds: Bounds = field(default_factory=Bounds)


class Restarts:
    """The restart history of one actor."""

    def __init__(self, child: Child, rng: Rng) -> None:
        self._most, self._window_s = child.intensity
        self._rng = rng
        self._recent: deque[float] = deque(maxlen=self._most + 1)
        self._streak = 0
        self._failed_starts = 0
        self.count = 0

    def allow(self, now: float, *, at_start: bool = False) -> bool:
        """Record a failure at ``now`` (monotonic seconds); False when the intensity is exceeded.

        Starts that fail one after the other are too many by their number alone, however slow.
        """
        self._failed_starts = self._failed_starts + 1 if at_start else 0
        if self._recent and now - self._recent[-1] >= _HEALTHY_AFTER_S:
            self._streak = 0
        self._recent.append(now)
        recent = sum(now - at <= self._window_s for at in self._recent)
        if recent > self._most or self._failed_starts > self._most:
            return False
        self.count += 1
        self._streak += 1
        return True

    def backoff_s(self) -> float:
        """Draw the wait before the next restart: 0.1 s doubling to 30 s, full jitter."""
        ceiling = min(_FIRST_BACKOFF_S * 2 ** (self._streak - 1), _LONGEST_BACKOFF_S)
        return self._rng.uniform(0.0, ceiling)

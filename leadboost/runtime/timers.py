"""Timers of an actor."""

import asyncio
from collections.abc import Callable

from leadboost.clock import Rng


class RepeatingTimer:
    """Fires once after ``delay_s``, then every ``period_s`` (never again when that is None).

    Each wait is longer by a random part of ``jitter`` times itself. ``on_end`` runs once, when no
    further firing can come.
    """

    def __init__(
        self, *, delay_s: float, period_s: float | None, jitter: float, rng: Rng, fire: Callable[[], None]
    ) -> None:
        self._period_s = period_s
        self._jitter = jitter
        self._rng = rng
        self._fire = fire
        self.on_end: Callable[[], None] = lambda: None
        self._handle = self._schedule(delay_s)

    def _schedule(self, delay_s: float) -> asyncio.TimerHandle:
        spread = self._rng.uniform(0.0, self._jitter * delay_s) if self._jitter else 0.0
        return asyncio.get_running_loop().call_later(delay_s + spread, self._due)

    def _due(self) -> None:
        if self._period_s is None:
            self.on_end()
        else:
            self._handle = self._schedule(self._period_s)
        self._fire()

    def cancel(self) -> None:
        """Stop the timer."""
        self._handle.cancel()
        self.on_end()

"""Introspection: what is known of each actor while it runs."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadboost.runtime.envelope import opened

_SAMPLE_EVERY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStats:
    """One actor now. ``depth`` is messages per lane; ages and times in seconds.

    ``oldest_age_s`` and ``slowest_s`` are lower bounds: timing is sampled (1 handler in 64, and
    every one that suspends).
    """

    name: str
    state: str
    critical: bool
    depth: Mapping[str, int]
    oldest_age_s: float
    handled: int
    rate_per_s: float
    dropped: int
    rejected: int
    restarts: int
    slowest_s: float
    slowest_message: str | None
    work: Sequence[str]
    last_error: str | None


class Timing:
    """Counts handled messages and times a sample of them."""

    __slots__ = (
        "_counted",
        "_counted_at",
        "enabled",
        "handled",
        "next_sample",
        "slowest_message",
        "slowest_s",
        "suspended_at",
    )

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.handled = 0
        self.suspended_at = 0.0
        self.slowest_s = 0.0
        self.slowest_message: str | None = None
        self.next_sample: float = 0 if enabled else math.inf
        self._counted = 0
        self._counted_at = asyncio.get_running_loop().time()

    def begin(self) -> float:
        """Begin a sample: the caller saw ``handled`` reach ``next_sample``."""
        self.next_sample = self.handled + _SAMPLE_EVERY
        return asyncio.get_running_loop().time()

    def suspend(self) -> None:
        """Note that the running handler suspended now."""
        if self.enabled:
            self.suspended_at = asyncio.get_running_loop().time()

    def note(self, sampled_from: float, item: Any) -> None:
        """Record the handler that just ended, from whichever start is known."""
        took = asyncio.get_running_loop().time() - (sampled_from or self.suspended_at)
        self.suspended_at = 0.0
        if took > self.slowest_s:
            self.slowest_s = took
            self.slowest_message = type(opened(item)).__name__

    def rate(self, now: float) -> float:
        """Return messages per second since the last call."""
        elapsed = now - self._counted_at
        rate = (self.handled - self._counted) / elapsed if elapsed > 0 else 0.0
        self._counted, self._counted_at = self.handled, now
        return rate

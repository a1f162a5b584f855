"""Timing of handlers: a sample of all, and every one that suspends."""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

from leadboost.runtime.envelope import opened
from leadboost.runtime.mailbox import LaneQueue, Mailbox

T = TypeVar("T")

_SAMPLE_EVERY = 64
_RATE_WINDOW_S = 1.0


class Timing:
    """Times a sample of the handlers and counts messages per second."""

    __slots__ = (
        "_counted",
        "_counted_at",
        "_now",
        "_rate",
        "enabled",
        "slowest_message",
        "slowest_s",
        "suspended_at",
    )

    def __init__(self, loop_time: Callable[[], float], *, enabled: bool) -> None:
        self._now = loop_time
        self.enabled = enabled
        self.suspended_at = 0.0
        self.slowest_s = 0.0
        self.slowest_message: str | None = None
        self._counted = 0
        self._counted_at = self._now()
        self._rate = 0.0

    def begin(self, queue: LaneQueue) -> float:
        """Begin the sample that is due in this lane; returns its time."""
        queue.next_sample = queue.taken + _SAMPLE_EVERY
        return self._now()

    def suspend(self) -> None:
        """Note that the running handler suspended now."""
        if self.enabled:
            self.suspended_at = self._now()

    def note(self, sampled_from: float, item: Any) -> float:
        """Record the handler that just ended, from whichever start is known; returns its seconds."""
        took = self._now() - (sampled_from or self.suspended_at)
        self.suspended_at = 0.0
        if took > self.slowest_s:
            self.slowest_s = took
            self.slowest_message = type(opened(item)).__name__
        return took

    def rate(self, now: float, handled: int) -> float:
        """Return messages per second over the last full window, however many ask."""
        elapsed = now - self._counted_at
        if elapsed >= _RATE_WINDOW_S:
            self._rate = (handled - self._counted) / elapsed
            self._counted, self._counted_at = handled, now
        return self._rate


@types.coroutine
def observed(serving: Coroutine[Any, Any, T], timing: Timing, mailbox: Mailbox) -> Generator[Any, Any, T]:
    """Drive the serving coroutine and note each time a handler suspends.

    This sees suspensions where they surface, so that handlers that never suspend, the great
    majority, pay nothing for it.
    """
    step: Callable[[Any], Any] = serving.send
    argument: Any = None
    while True:
        try:
            yielded = step(argument)
        except StopIteration as stop:
            result: T = stop.value
            return result
        if mailbox.waiter is None and not timing.suspended_at:
            timing.suspend()
        try:
            argument = yield yielded
            step = serving.send
        except BaseException as error:  # cancellation is handed to the handler, unchanged
            step, argument = serving.throw, error

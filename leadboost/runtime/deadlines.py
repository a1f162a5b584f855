"""Deadlines of all asks under way, kept in coarse buckets: one timer per bucket, not one per ask."""

import asyncio
from typing import Any

from leadboost.errors import AskTimeoutError
from leadboost.runtime.envelope import Envelope

_TICK_S = 0.01


class Deadlines:
    """Fails asks at most one tick (10 ms) after their deadline."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[Envelope, str]] = {}

    def add(self, envelope: Envelope, actor: str) -> int:
        """Watch an ask; returns its bucket for ``remove``."""
        tick = int(envelope.deadline / _TICK_S) + 1
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = {}
            asyncio.get_running_loop().call_at(tick * _TICK_S, self._expire, tick)
        bucket[envelope] = actor
        return tick

    def remove(self, envelope: Envelope, tick: int) -> None:
        """Stop watching an ask that has ended."""
        bucket = self._buckets.get(tick)
        if bucket is not None:
            bucket.pop(envelope, None)

    def _expire(self, tick: int) -> None:
        for envelope, actor in self._buckets.pop(tick).items():
            reply: asyncio.Future[Any] | None = envelope.reply
            if reply is not None and not reply.done():
                reply.set_exception(AskTimeoutError(actor, type(envelope.message).__name__))

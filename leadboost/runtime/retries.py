"""What becomes of a told message whose handling failed: another try, later, or a dead letter."""

import asyncio
from typing import TYPE_CHECKING, Any

from leadboost.runtime.envelope import Envelope, opened
from leadboost.runtime.message import Message

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell

DELAYS_S = (0.5, 2.0, 8.0, 20.0)
"""Waits before the second, third, fourth and fifth try of a retryable message."""


class Retries:
    """The messages of one actor that wait for their next try; at most as many as its command lane holds."""

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._waiting: dict[asyncio.TimerHandle, Envelope] = {}

    def retry_or_lose(self, item: Any, error: BaseException) -> None:
        """Schedule the next try of a retryable message; any other is lost, one out of tries parked."""
        message: Message[Any] = opened(item)
        tries = item.tries if item.__class__ is Envelope else 1
        if tries > len(DELAYS_S):
            self._cell.lose(message, "parked", error, tries)
        elif not message.retryable or len(self._waiting) >= self._cell.child.bounds.command:
            self._cell.lose(message, "failed", error, tries)
        else:
            self._schedule(Envelope(message, tries=tries + 1), DELAYS_S[tries - 1])

    def _schedule(self, envelope: Envelope, delay_s: float) -> None:
        def due() -> None:
            del self._waiting[handle]
            self._cell.mailbox.put(envelope, envelope.message.lane, bounded=False)

        handle = asyncio.get_running_loop().call_later(delay_s, due)
        self._waiting[handle] = envelope

    def close(self) -> None:
        """Lose what still waits."""
        for handle, envelope in self._waiting.items():
            handle.cancel()
            self._cell.lose(envelope.message, "stopped", tries=envelope.tries - 1)
        self._waiting.clear()

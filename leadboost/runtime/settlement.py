"""What becomes of messages in the end: answered, tried again, or a dead letter."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from leadboost.errors import ActorStoppedError
from leadboost.runtime.dead_letters import DeadLetter
from leadboost.runtime.envelope import Envelope, asks, is_private, opened
from leadboost.runtime.message import Message
from leadboost.runtime.work import Later

if TYPE_CHECKING:
    from leadboost.runtime.cell import Cell

RETRY_DELAYS_S = (0.5, 2.0, 8.0, 20.0)
"""Waits before the second, third, fourth and fifth try of a retryable message."""


class Settlement:
    """Settles the messages of one actor; at most as many as its command lane holds wait for a retry."""

    __slots__ = ("_cell", "_waiting")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._waiting: dict[asyncio.TimerHandle, Envelope] = {}

    def answer(self, item: Any, result: Any) -> None:
        """Give an asker the result; an exception stands for an error. A told message needs no answer."""
        if isinstance(result, Exception):
            self.fail([item], result)
        elif not asks(item):
            return
        elif result.__class__ is Later:
            result.task.add_done_callback(lambda task: self._answer_late(item, task, result.answer))
        elif item.reply.done():
            self.lose(item.message, "late_reply")
        else:
            item.reply.set_result(result)

    def _answer_late(self, item: Any, task: asyncio.Task[Any], answer: Callable[[Any], object]) -> None:
        if task.cancelled():  # with the instance that did the work
            self.abandon([item])
        elif (error := task.exception()) is not None:
            self.fail([item], error)
        else:
            self.answer(item, answer(task.result()))

    def fail(self, items: Sequence[Any], error: BaseException) -> None:
        """Answer asks with the error; retry or lose what was told."""
        for item in items:
            if not asks(item):
                self._cell.last_error = error
                self._retry_or_lose(item, error)
            elif item.reply.done():
                self.lose(item.message, "late_reply", error)
            else:
                item.reply.set_exception(error)

    def abandon(self, items: Sequence[Any]) -> None:
        """Tell everyone who waits that the actor has stopped, then record what was told as lost.

        Private messages are dropped: they were of use to the instance alone.
        """
        for item in items:
            if asks(item) and not item.reply.done():
                item.reply.set_exception(ActorStoppedError(self._cell.name))
        for item in items:
            if not (asks(item) or is_private(item)):
                self.lose(opened(item), "stopped")

    def close(self) -> None:
        """Lose what still waits for a retry."""
        for handle, envelope in self._waiting.items():
            handle.cancel()
            self.lose(envelope.message, "stopped", tries=envelope.tries - 1)
        self._waiting.clear()

    def lose(
        self, message: Message[Any], reason: str, error: BaseException | None = None, tries: int = 1
    ) -> None:
        """Record a dead letter of this actor."""
        runtime = self._cell.runtime
        letter = DeadLetter(
            actor=self._cell.name,
            message=message,
            reason=reason,
            error=error,
            tries=tries,
            at=runtime.clock.now(),
        )
        runtime.dead_letters.add(letter)

    def _retry_or_lose(self, item: Any, error: BaseException) -> None:
        message = opened(item)
        tries = item.tries if item.__class__ is Envelope else 1
        if tries > len(RETRY_DELAYS_S):
            self.lose(message, "parked", error, tries)
        elif not message.retryable or len(self._waiting) >= self._cell.child.bounds.command:
            self.lose(message, "failed", error, tries)
        else:
            self._retry(Envelope(message, tries=tries + 1), RETRY_DELAYS_S[tries - 1])

    def _retry(self, envelope: Envelope, delay_s: float) -> None:
        def due() -> None:
            del self._waiting[handle]
            self._cell.mailbox.put(envelope, envelope.message.lane, bounded=False)

        handle = asyncio.get_running_loop().call_later(delay_s, due)
        self._waiting[handle] = envelope

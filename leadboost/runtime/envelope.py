"""What surrounds a message in a mailbox when there is more to know than the message itself."""

import asyncio
import math
from typing import Any

from leadboost.runtime.message import Message

RETRY_DELAYS_S = (0.5, 2.0, 8.0, 20.0)
"""Waits before the second, third, fourth and fifth try of a retryable message."""


class Envelope:
    """An ask with its reply slot and absolute deadline, or a told message on its n-th try."""

    __slots__ = ("deadline", "message", "reply", "tries")

    def __init__(
        self,
        message: Message[Any],
        reply: "asyncio.Future[Any] | None" = None,
        deadline: float = math.inf,
        tries: int = 1,
    ) -> None:
        self.message = message
        self.reply = reply
        self.deadline = deadline
        self.tries = tries


def opened(item: Any) -> Message[Any]:
    """Return the message of a queued item, enveloped or bare."""
    return item.message if item.__class__ is Envelope else item

"""What surrounds a message in a mailbox when there is more to know than the message itself."""

import asyncio
import math
from typing import Any

from leadboost.runtime.message import Message


class Envelope:
    """A message with more to know about it.

    An ask has a ``reply`` and an absolute ``deadline``. A told message on its n-th try has
    ``tries``. A private one, the result of owned work, has the ``life`` of the instance that
    started the work, and is of no use to a later one.
    """

    __slots__ = ("deadline", "life", "message", "reply", "tries")

    def __init__(
        self,
        message: Message[Any],
        reply: "asyncio.Future[Any] | None" = None,
        deadline: float = math.inf,
        *,
        tries: int = 1,
        life: int | None = None,
    ) -> None:
        self.message = message
        self.reply = reply
        self.deadline = deadline
        self.tries = tries
        self.life = life

    def is_void(self, now: float, life: int) -> bool:
        """Tell whether nobody waits for it any more: expired, its asker gone, or of an earlier life."""
        if self.reply is not None:
            return self.reply.done() or self.deadline <= now
        return self.life is not None and self.life != life


def opened(item: Any) -> Message[Any]:
    """Return the message of a queued item, enveloped or bare."""
    message: Message[Any] = item.message if item.__class__ is Envelope else item
    return message


def asks(item: Any) -> bool:
    """Tell whether somebody asked this, and so gets the answer or the error."""
    return item.__class__ is Envelope and item.reply is not None


def is_retry(item: Any) -> bool:
    """Tell whether this is not the first try of a message."""
    return item.__class__ is Envelope and item.tries > 1


def is_private(item: Any) -> bool:
    """Tell whether this is the result of an actor's own work."""
    return item.__class__ is Envelope and item.life is not None

"""Messages: what actors are told and asked."""

from collections.abc import Hashable
from enum import IntEnum
from typing import ClassVar, Generic, TypeVar

R = TypeVar("R")


class Lane(IntEnum):
    """The three lanes of a mailbox, in the order in which they are served."""

    CONTROL = 0
    COMMAND = 1
    EVENT = 2


class Message(Generic[R]):
    """Base of every message; ``R`` is the type of the reply to an ask.

    Subclasses are ``@dataclass(frozen=True, slots=True, kw_only=True)`` records. ``lane`` says how
    the message queues. ``retryable`` says that handling it twice is harmless: a failed one is then
    tried again and in the end parked, instead of being dropped as a dead letter.
    """

    __slots__ = ()
    lane: ClassVar[Lane] = Lane.COMMAND
    retryable: ClassVar[bool] = False

    def conflation_key(self) -> Hashable | None:
        """Return a key under which a newer event replaces a queued older one; None keeps both.

        Only read on the event lane, never for an ask.
        """
        return None


class Event(Message[None]):
    """A message in the past tense on the event lane."""

    __slots__ = ()
    lane: ClassVar[Lane] = Lane.EVENT

"""Dead letters: messages that nobody handled, and why."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadboost.runtime.message import Message

_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A lost message. ``reason`` is ``mailbox_full``, ``stopped``, ``failed``, ``late_reply`` or ``parked``.

    Only ``parked`` ones were declared retryable and used up all their tries.
    """

    actor: str
    message: Message[Any]
    reason: str
    error: BaseException | None
    tries: int
    at: datetime


class DeadLetters:
    """The last 1,000 dead letters, and counts of all."""

    def __init__(self, listener: Callable[[DeadLetter], None] | None = None) -> None:
        self.recent: deque[DeadLetter] = deque(maxlen=_KEPT)
        self.counts: Counter[str] = Counter()
        self._listener = listener

    def add(self, letter: DeadLetter) -> None:
        """Keep a letter and pass it to the listener."""
        self.recent.append(letter)
        self.counts[letter.reason] += 1
        if self._listener is not None:
            self._listener(letter)

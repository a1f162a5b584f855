"""What Scout tells itself."""

from dataclasses import dataclass

from leadboost.ports import Fetched
from leadboost.runtime import Event, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDue(Event):
    """Poll this source. On the event lane, where a flood of told signals cannot crowd it out."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollAnswered(Message[None]):
    """A poll brought this."""

    name: str
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailed(Message[None]):
    """A poll brought nothing."""

    name: str
    error: Exception

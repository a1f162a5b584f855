"""What the Journal actor can be told, and the journalled event itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """A numbered event: ``offset`` has no gaps within one ``epoch`` of the journal."""

    epoch: str
    offset: int
    kind: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPage:
    """Events after ``since`` in order; ``recovered`` is False when some are gone or of another epoch."""

    epoch: str
    offset: int
    recovered: bool
    events: tuple[JournalEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvents(Message[EventsPage]):
    """Read numbered events after ``since``; a foreign ``epoch`` is answered with ``recovered`` False."""

    since: int = 0
    epoch: str | None = None
    limit: int = 500

"""Events that travel on topics."""

from collections.abc import Hashable
from dataclasses import dataclass

from leadboost.messages.journal import JournalEvent
from leadboost.runtime.message import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsCommitted(Event):
    """Some transaction committed journal rows: a doorbell for the Journal, not a parcel."""

    def conflation_key(self) -> Hashable:
        return EventsCommitted


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsNumbered(Event):
    """Journal events in offset order, just numbered."""

    events: tuple[JournalEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsStored(Event):
    """New signals stand in ``raw_signals``."""

    count: int

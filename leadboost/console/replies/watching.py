"""Replies on events and actors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from leadboost.messages.journal import EventsPage
from leadboost.runtime.stats import ActorStats


@dataclass(frozen=True, slots=True)
class EventReply:
    """A journalled event; ``offset`` has no gaps within one epoch."""

    offset: int
    kind: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventsReply:
    """Events after ``since``, whole; or ``recovered`` false: some are gone, reload instead."""

    epoch: str
    offset: int
    recovered: bool
    events: Sequence[EventReply]

    @classmethod
    def of(cls, page: EventsPage) -> Self:
        events = [EventReply(event.offset, event.kind, event.at, event.data) for event in page.events]
        return cls(page.epoch, page.offset, page.recovered, events)


@dataclass(frozen=True, slots=True)
class ActorsReply:
    """Every actor now; ``depth`` counts queued messages per lane."""

    items: Sequence[ActorStats]

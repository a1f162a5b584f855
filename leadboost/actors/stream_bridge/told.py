"""What StreamBridge tells itself."""

from collections.abc import Hashable
from dataclasses import dataclass

from leadboost.errors import StoreError
from leadboost.messages.journal import EventsPage
from leadboost.runtime import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Look at everything that time alone decides."""

    def conflation_key(self) -> Hashable:
        return Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver(Event):
    """It is time for what had to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOn(Event):
    """What the journal has after the newest event known here, or why it cannot be read."""

    answer: EventsPage | StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack(Event):
    """One page of older events, or why it cannot be read."""

    start: int
    answer: EventsPage | StoreError

"""Events that travel on topics."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime

from leadboost.domain.halt import Halt
from leadboost.domain.stock import StockAlert
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReached(Event):
    """Stock levels that a committed transaction brought to their floor or to zero."""

    alerts: tuple[StockAlert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesCommitted(Event):
    """``count`` orders were newly granted and committed together."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReported(Event):
    """Telemetry of a pipeline step: how it stands until the next report.

    ``state`` None goes back to what the journal says of it. Never journalled.
    """

    step: str
    state: str | None
    detail: str | None = None
    at: datetime

    def conflation_key(self) -> Hashable:
        return (StepReported, self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged(Event):
    """Telemetry for viewers: the latest ``data`` (JSON values) of ``key`` replaces what was before.

    Never journalled. ``data`` None withdraws the key.
    """

    key: str
    data: Mapping[str, object] | None

    def conflation_key(self) -> Hashable:
        return (StateChanged, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSaid(Event):
    """Other software published ``message``, any JSON value, for all hosts to hear at once.

    It is data and never more. ``digest`` is of its bytes, so that hosts can tell whether they mean the same.
    """

    message: object
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltTripped(Event):
    """A halt began; other hosts are to know."""

    halt: Halt

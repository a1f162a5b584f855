"""Journal: numbers committed events without gaps and passes them on."""

from collections.abc import Hashable
from dataclasses import dataclass

import structlog

from leadboost.errors import LeaseLostError, StoreError
from leadboost.messages.events import EventsCommitted, EventsNumbered
from leadboost.messages.journal import EventsPage, JournalEvent, NumberEvents, ReadEvents
from leadboost.ports import JournalStore, Lease, LeaseStore
from leadboost.runtime import Actor, Topic
from leadboost.runtime.message import Event

log = structlog.get_logger()

LEASE = "journal"
_BATCH = 1_000
_RENEW_S = 3.0
_POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Event):
    """Number what is there, whether or not the doorbell rang."""

    def conflation_key(self) -> Hashable:
        return _Look


@dataclass(frozen=True, slots=True, kw_only=True)
class _PassEnded(Event):
    """A numbering pass is over, for better or worse."""


class Journal(Actor[NumberEvents | ReadEvents | EventsCommitted | _Look | _PassEnded]):
    """Holds the lease ``journal`` and gives committed rows their offsets.

    On several hosts one holds the lease and the others find nothing to do. Each batch is published
    on ``numbered`` in offset order, after it is committed.
    """

    def __init__(
        self, *, store: JournalStore, leases: LeaseStore, holder: str, numbered: Topic[EventsNumbered]
    ) -> None:
        self._store = store
        self._leases = leases
        self._holder = holder
        self._numbered = numbered
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._busy = False
        self._again = False

    async def on_start(self) -> None:
        self.every(_POLL_S, _Look())
        self._look()

    async def on_stop(self) -> None:
        await self._pass()
        if self._lease is not None:
            await self._leases.resign(self._lease)

    async def receive(
        self, message: NumberEvents | ReadEvents | EventsCommitted | _Look | _PassEnded
    ) -> EventsPage | tuple[JournalEvent, ...] | None:
        match message:
            case NumberEvents():
                return await self._pass()
            case ReadEvents(since=since, epoch=epoch, limit=limit):
                return await self._store.read(since=since, epoch=epoch, limit=limit)
            case EventsCommitted() | _Look():
                self._look()
            case _PassEnded():
                self._busy = False
                if self._again:
                    self._look()
        return None

    def _look(self) -> None:
        self._again = self._busy
        if not self._busy:
            self._busy = True
            self.spawn("number", self._pass(), then=_ended, otherwise=self._failed)

    def _failed(self, error: Exception) -> _PassEnded:
        if not isinstance(error, StoreError):
            raise error
        log.warning("journal pass failed", error=str(error))
        return _PassEnded()

    async def _pass(self) -> tuple[JournalEvent, ...]:
        numbered: list[JournalEvent] = []
        while (lease := await self._hold()) is not None:
            try:
                events = await self._store.number(lease, _BATCH)
            except LeaseLostError:
                self._lease = None
                continue
            if events:
                numbered += events
                self._numbered.publish(EventsNumbered(events=tuple(events)))
            if len(events) < _BATCH:
                break
        return tuple(numbered)

    async def _hold(self) -> Lease | None:
        """Return the running term, renewed when due, or a new one; None while another host holds it."""
        now = self.clock.monotonic()
        if self._lease is None or now >= self._renew_at:
            self._lease = await self._leases.keep(LEASE, self._holder, self._lease)
            self._renew_at = now + _RENEW_S
        return self._lease


def _ended(_: tuple[JournalEvent, ...]) -> _PassEnded:
    return _PassEnded()

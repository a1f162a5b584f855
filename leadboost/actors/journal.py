"""Journal: numbers committed events without gaps and passes them on."""

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from leadboost.errors import StoreError
from leadboost.messages.events import EventsCommitted, EventsNumbered
from leadboost.messages.journal import EventsPage, ReadEvents
from leadboost.ports import JournalStore, Lease, LeaseStore
from leadboost.runtime import Actor, Event, Topic

_log = structlog.get_logger(__name__)

LEASE = "journal"
BATCH = 1_000
RENEW_S = 3.0
POLL_S = 2.0
LAST_PASS_S = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look(Event):
    """Number what is there, whether or not the doorbell rang."""

    def conflation_key(self) -> Hashable:
        return _Look


@dataclass(frozen=True, slots=True, kw_only=True)
class _PassEnded(Event):
    """A numbering pass is over; ``error`` says why it ended early."""

    error: Exception | None = None


class Journal(Actor[ReadEvents | EventsCommitted | _Look | _PassEnded]):
    """Holds the lease ``journal`` and gives committed rows their offsets, one pass at a time.

    On several hosts one holds the lease and the others find nothing to do. What this host numbered
    is published on ``numbered`` in offset order. A reader that sees a gap, because a COMMIT got no
    answer or another host numbered meanwhile, reads the missing rows from the journal.
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
        self._pass_ended = asyncio.Event()

    async def on_start(self) -> None:
        self.every(POLL_S, _Look())
        self._look()

    async def on_stop(self) -> None:
        with suppress(StoreError, TimeoutError):  # what is left is numbered after the next start
            async with asyncio.timeout(LAST_PASS_S):
                if self._busy:
                    await self._pass_ended.wait()
                await self._number()
        if self._lease is not None:
            with suppress(StoreError):  # it runs out by itself
                await self._leases.release(self._lease)

    async def receive(self, message: ReadEvents | EventsCommitted | _Look | _PassEnded) -> EventsPage | None:
        match message:
            case ReadEvents(since=since, epoch=epoch, limit=limit):
                return await self._store.read(since=since, epoch=epoch, limit=limit)
            case EventsCommitted() | _Look():
                self._look()
            case _PassEnded(error=error):
                self._ended(error)
        return None

    def _look(self) -> None:
        self._again = self._busy
        if not self._busy:
            self._busy = True
            self._pass_ended.clear()
            self.spawn("number", self._pass(), then=lambda _: _PassEnded(), otherwise=_failed)

    def _ended(self, error: Exception | None) -> None:
        self._busy = False
        if error is not None:
            self._lease = None
            if not isinstance(error, StoreError):
                raise error
            _log.warning("journal pass failed", error=str(error))
        elif self._again:
            self._look()

    async def _pass(self) -> None:
        try:
            await self._number()
        finally:
            self._pass_ended.set()

    async def _number(self) -> None:
        while (lease := await self._hold()) is not None:
            events = tuple(await self._store.number(lease, BATCH))
            if events:
                self._numbered.publish(EventsNumbered(events=events))
            if len(events) < BATCH:
                return

    async def _hold(self) -> Lease | None:
        """Return the running term, renewed when due, or a new one; None while another host holds it."""
        now = self.clock.monotonic()
        if self._lease is None or now >= self._renew_at:
            self._lease = await self._leases.keep(LEASE, self._holder, self._lease)
            self._renew_at = now + RENEW_S
        return self._lease


def _failed(error: Exception) -> _PassEnded:
    return _PassEnded(error=error)

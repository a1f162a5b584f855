"""``events`` and ``journal``: business transactions write events, the lease holder numbers them."""

from collections.abc import Sequence

import asyncpg

from leadboost.errors import LeaseLostError
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.ports import Lease, NewEvent
from leadboost.store.database import Database, Session
from leadboost.store.jsontext import json_text
from leadboost.store.queries import load_queries

STEPS_WITHIN = 100_000

queries = load_queries("journal")


async def insert_events(session: Session, events: Sequence[NewEvent]) -> None:
    """Write events in the caller's transaction, in the order given. Raises StoreDataError."""
    if not events:
        return
    await session.execute(
        queries.insert_events,
        [event.id for event in events],
        [event.kind for event in events],
        [event.at for event in events],
        [json_text(event.data) for event in events],
    )


class PgJournalStore:
    """``JournalStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def number(self, lease: Lease, limit: int) -> Sequence[JournalEvent]:
        """Number at most ``limit`` rows, in the order in which they were inserted among those
        committed by now."""
        async with self._database.transaction() as session:
            # A statement of its own: what follows must see all that an earlier holder numbered.
            epoch = await session.fetchval(queries.lock_journal, lease.name, lease.holder, lease.epoch)
            if epoch is None:
                raise LeaseLostError(lease.name)
            rows = await session.fetch(queries.number_events, limit)
        return [_event(epoch, row) for row in rows]

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        """Read one page of what follows ``since``; ``offset`` is the journal's newest.

        With ``recovered`` False the page is empty: the reader reloads its state and goes on from
        ``offset``. ``epoch`` None stands for the present one.
        """
        async with self._database.session() as session:
            rows = await session.fetch(queries.read_page, since, limit)
        present, newest = rows[0]["epoch"], rows[0]["last_offset"]
        events = tuple(_event(present, row) for row in rows if row["offset"] is not None)
        first = events[0].offset if events else newest + 1
        if epoch not in (None, present) or first != since + 1:
            return EventsPage(epoch=present, offset=newest, recovered=False, events=())
        return EventsPage(epoch=present, offset=newest, recovered=True, events=events)

    async def latest_steps(self) -> Sequence[JournalEvent]:
        async with self._database.session() as session:
            rows = await session.fetch(queries.latest_steps, STEPS_WITHIN)
        return [_event(row["epoch"], row) for row in rows]

    async def mirror_key(self) -> bytes:
        """32 bytes that only hosts of this database know."""
        async with self._database.session() as session:
            key: bytes = await session.fetchval(queries.read_mirror_key)
        return key


def _event(epoch: str, row: asyncpg.Record) -> JournalEvent:
    return JournalEvent(epoch=epoch, offset=row["offset"], kind=row["kind"], at=row["at"], data=row["data"])

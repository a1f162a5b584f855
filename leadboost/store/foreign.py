"""``events`` of kind ``external``: what other software said."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leadboost.ports import Lease, NewEvent
from leadboost.store.database import Database
from leadboost.store.journal import insert_events, queries
from leadboost.store.leases import guard


class PgForeignStore:
    """``ForeignStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, events: Sequence[NewEvent], lease: Lease) -> None:
        async with self._database.transaction() as session:
            await guard(session, lease)
            await insert_events(session, events)

    async def digests(self, since: datetime) -> Sequence[str]:
        """Read by id: a UUIDv7 begins with the time that it was drawn at, and has an index."""
        first = UUID(int=int(since.timestamp() * 1000) << 80)
        async with self._database.session() as session:
            rows = await session.fetch(queries.list_digests, first)
        return [row["digest"] for row in rows]

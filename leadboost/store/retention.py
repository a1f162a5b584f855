"""Deletion of what is too old to keep, with a row in ``deletions`` as proof."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from leadboost.clock import uuid7
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.messages.retention import Deleted
from leadboost.store.authors import key_authors
from leadboost.store.database import Database, Session
from leadboost.store.forgetting import forget_bands, forget_clusters, tell_forgotten
from leadboost.store.queries import load_queries
from leadboost.store.signals import lock_clusters

DEADLINE_S = 60.0
AT_ONCE = 500
PAUSE = timedelta(hours=20)  # so that a nightly run an hour early is one all the same

_queries = load_queries("retention")


class PgRetentionStore:
    """``RetentionStore`` on PostgreSQL; by one host, AT_ONCE signals to a transaction, and proof last.

    As everybody who changes signals others may wait for, each takes the lock of clusters first, and then
    rows: who hears or decides meanwhile waits for one part, and never in a circle. What a run had deleted
    before it broke off is not counted by the next.
    """

    def __init__(
        self, database: Database, *, pseudonyms: Pseudonyms, texts: timedelta, rows: timedelta
    ) -> None:
        """``texts`` is how long texts and names are kept, ``rows`` how long all else of a signal."""
        self._database = database
        self._clock = database.clock
        self._rng = database.rng.fork("retention")
        self._pseudonyms = pseudonyms
        self._texts = texts
        self._rows = rows

    async def key_authors(self) -> int:
        return await key_authors(self._database, self._pseudonyms)

    async def delete_old(self) -> Deleted | None:
        now = self._clock.now()
        texts_before, rows_before = now - self._texts, now - self._rows
        try:
            rows = await self._forget(now, _queries.find_rows, _queries.drop_rows, rows_before)
            texts = await self._forget(now, _queries.find_texts, _queries.blank_texts, texts_before)
            return await self._finish(now, texts, rows, texts_before=texts_before, rows_before=rows_before)
        except _NoTurnError:
            return None

    async def _forget(self, now: datetime, find: str, forget: str, before: datetime) -> int:
        """Look for what is too old without a lock, then forget it part by part; returns how many."""
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            found = [row["id"] for row in await session.fetch(find, before)]
        count = 0
        for start in range(0, len(found), AT_ONCE):
            async with self._turn(now) as session:
                await lock_clusters(session)
                forgotten = await session.fetch(forget, found[start : start + AT_ONCE], before)
                await forget_bands(session, [row["seq"] for row in forgotten])
                await forget_clusters(session, [row["left_cluster"] for row in forgotten])
                ids = [row["id"] for row in forgotten]
                await tell_forgotten(session, ids, clock=self._clock, rng=self._rng)
            count += len(forgotten)
        return count

    async def _finish(
        self, now: datetime, texts: int, rows: int, *, texts_before: datetime, rows_before: datetime
    ) -> Deleted:
        async with self._turn(now) as session:
            deleted = Deleted(
                texts=texts,
                rows=rows,
                events=affected(await session.execute(_queries.blank_events, texts_before)),
                dead_letters=affected(await session.execute(_queries.blank_dead_letters, texts_before)),
                left_over=await session.fetchval(_queries.count_left_over, texts_before, rows_before),
            )
            id_ = uuid7(self._clock, self._rng)
            await write_proof(
                session, id_, deleted, at=now, texts_before=texts_before, rows_before=rows_before
            )
        return deleted

    @asynccontextmanager
    async def _turn(self, now: datetime) -> AsyncIterator[Session]:
        """A transaction of the one host that deletes. Raises _NoTurnError in any other, and when it is not
        time."""
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            if not await session.fetchval(_queries.try_turn, now - PAUSE):
                raise _NoTurnError
            yield session


class _NoTurnError(Exception):
    """Another host deletes, or did not long ago."""


async def write_proof(
    session: Session,
    id_: UUID,
    deleted: Deleted,
    *,
    at: datetime,
    texts_before: datetime | None = None,
    rows_before: datetime | None = None,
) -> None:
    """Write down what was deleted: for its age, or without a time before which, on request."""
    await session.execute(
        _queries.write_proof,
        id_,
        at,
        texts_before,
        rows_before,
        deleted.texts,
        deleted.rows,
        deleted.events,
        deleted.dead_letters,
        deleted.left_over,
        "request" if texts_before is None else "age",
    )


def affected(tag: str) -> int:
    """The rows that a command tag such as ``UPDATE 3`` tells of."""
    return int(tag.rpartition(" ")[2])

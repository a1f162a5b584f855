"""Deletion of what is too old to keep, with a row in ``deletions`` as proof."""

from datetime import datetime, timedelta
from uuid import UUID

from leadboost.clock import uuid7
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.messages.retention import Deleted
from leadboost.store.authors import key_authors
from leadboost.store.database import Database, Session
from leadboost.store.forgetting import forget_clusters, tell_forgotten
from leadboost.store.queries import load_queries
from leadboost.store.signals import lock_clusters

DEADLINE_S = 60.0
PAUSE = timedelta(hours=20)  # so that a nightly run an hour early is one all the same

_queries = load_queries("retention")


class PgRetentionStore:
    """``RetentionStore`` on PostgreSQL; all or nothing, by one host."""

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
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            if not await session.fetchval(_queries.try_turn, now - PAUSE):
                return None
            dropped = await session.fetch(_queries.drop_rows, rows_before)
            blanked = await session.fetch(_queries.blank_texts, texts_before)
            await session.execute(_queries.drop_bands)
            deleted = Deleted(
                texts=len(blanked),
                rows=len(dropped),
                events=affected(await session.execute(_queries.blank_events, texts_before)),
                dead_letters=affected(await session.execute(_queries.blank_dead_letters, texts_before)),
                left_over=await session.fetchval(_queries.count_left_over, texts_before, rows_before),
            )
            ids = [row["id"] for row in (*dropped, *blanked)]
            await tell_forgotten(session, ids, clock=self._clock, rng=self._rng)
            id_ = uuid7(self._clock, self._rng)
            await write_proof(
                session, id_, deleted, at=now, texts_before=texts_before, rows_before=rows_before
            )
            if clusters := {row["cluster"] for row in dropped} - {None}:
                await lock_clusters(session)  # last, for whoever hears a signal waits for it
                await forget_clusters(session, clusters)
        return deleted


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

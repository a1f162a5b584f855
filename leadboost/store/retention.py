"""Deletion of what is too old to keep, with a row in ``deletions`` as proof."""

from datetime import timedelta

from leadboost.clock import uuid7
from leadboost.domain.pseudonym import Pseudonyms
from leadboost.messages.retention import Deleted
from leadboost.store.authors import key_authors
from leadboost.store.database import Database
from leadboost.store.queries import load_queries
from leadboost.store.signals import lock_clusters
from leadboost.store.signals import queries as signal_queries

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
            texts = _count(await session.execute(_queries.blank_texts, texts_before))
            await session.execute(_queries.drop_bands)
            deleted = Deleted(
                texts=texts,
                rows=len(dropped),
                events=_count(await session.execute(_queries.blank_events, texts_before)),
                dead_letters=_count(await session.execute(_queries.blank_dead_letters, texts_before)),
                left_over=await session.fetchval(_queries.count_left_over, texts_before, rows_before),
            )
            if clusters := {row["cluster"] for row in dropped} - {None}:
                await lock_clusters(session)  # last, for whoever hears a signal waits for it
                await session.execute(signal_queries.choose_leads, list(clusters))
                await session.execute(_queries.drop_joined)
            await session.execute(
                _queries.write_proof,
                uuid7(self._clock, self._rng),
                now,
                texts_before,
                rows_before,
                deleted.texts,
                deleted.rows,
                deleted.events,
                deleted.dead_letters,
                deleted.left_over,
            )
        return deleted


def _count(tag: str) -> int:
    """The rows that a command tag such as ``UPDATE 3`` tells of."""
    return int(tag.rpartition(" ")[2])

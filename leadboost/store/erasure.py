"""Erasure on request: one person's signals, or one item, with all that was made of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from leadboost.clock import uuid7
from leadboost.domain.hearing.influence import author_key
from leadboost.domain.pseudonym import Pseudonyms, plain_name
from leadboost.messages.retention import Deleted, Erased, EraseSignals
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.authors import key_authors
from leadboost.store.database import Database, Session
from leadboost.store.forgetting import forget_bands, forget_clusters, tell_forgotten
from leadboost.store.queries import load_queries
from leadboost.store.radar import unteach
from leadboost.store.retention import affected, write_proof
from leadboost.store.signals import lock_clusters

DEADLINE_S = 25.0
SHORTEST_WORD = 3
EARLIER_MS = 3_600_000  # clocks of hosts may be that far apart

_queries = load_queries("erasure")


class PgErasureStore:
    """``ErasureStore`` on PostgreSQL: all or nothing."""

    def __init__(self, database: Database, *, pseudonyms: Pseudonyms) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._clock = database.clock
        self._rng = database.rng.fork("erasure")

    async def erase(self, asked: EraseSignals) -> Erased:
        while await key_authors(self._database, self._pseudonyms):
            pass
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await lock_clusters(session)  # nobody stores what is being erased
            found = await self._find(session, asked)
            if asked.dry_run:
                return Erased(id=None, signals=len(found))
            return await self._erase(session, asked, found)

    async def _find(self, session: Session, asked: EraseSignals) -> Sequence[asyncpg.Record]:
        if asked.handle is None:
            return await session.fetch(_queries.find_item, asked.source, asked.external_id)
        author = self._pseudonyms.author(asked.handle)
        return await session.fetch(_queries.find_by_author, author, asked.source)

    async def _erase(self, session: Session, asked: EraseSignals, found: Sequence[asyncpg.Record]) -> Erased:
        now, ids = self._clock.now(), [row["id"] for row in found]
        dropped = await session.fetch(_queries.drop_signals, ids)
        await forget_bands(session, [row["seq"] for row in dropped])
        await unteach(session, [row for row in dropped if row["taught_spam"] is not None])
        await self._drop_voices(session, asked, found)
        since = _since(ids)
        texts = [str(id_) for id_ in ids]
        events = affected(await session.execute(_queries.blank_events, texts, since))
        letters = affected(await session.execute(_queries.blank_dead_letters, _words(asked, found)))
        await self._remember(session, asked, found, now)
        await forget_clusters(session, [row["cluster"] for row in dropped])
        await tell_forgotten(session, ids, clock=self._clock, rng=self._rng)
        left_over = await session.fetchval(_queries.count_left_over, ids, since)
        count = len(dropped)
        deleted = Deleted(texts=count, rows=count, events=events, dead_letters=letters, left_over=left_over)
        id_ = uuid7(self._clock, self._rng)
        await write_proof(session, id_, deleted, at=now)
        await self._audit(session, asked, id_, count)
        return Erased(id=id_, signals=count)

    async def _drop_voices(
        self, session: Session, asked: EraseSignals, found: Sequence[asyncpg.Record]
    ) -> None:
        if asked.handle is None:
            return
        author = self._pseudonyms.author(asked.handle)
        voices = [author_key(source, author) for source in sorted({row["source"] for row in found})]
        await session.execute(_queries.drop_voices, [*voices, *(f"-{voice}" for voice in voices)])

    async def _remember(
        self, session: Session, asked: EraseSignals, found: Sequence[asyncpg.Record], now: datetime
    ) -> None:
        """The items by themselves too: another source of the same posts may leave the author out."""
        items = {(row["source"], row["external_id"]) for row in found}
        if asked.handle is None:
            assert asked.source is not None and asked.external_id is not None  # noqa: S101, PT018 - the edge saw to it
            items.add((asked.source, asked.external_id))
        marks = [(self._pseudonyms.item(*item), "") for item in sorted(items)]
        if asked.handle is not None:
            marks.append((self._pseudonyms.author(asked.handle), asked.source or ""))
        await session.execute(
            _queries.remember_erased, [mark for mark, _ in marks], [source for _, source in marks], now
        )

    async def _audit(self, session: Session, asked: EraseSignals, id_: UUID, signals: int) -> None:
        """Who was erased is not said: the log is never deleted."""
        detail = {
            "found_by": "item" if asked.handle is None else "handle",
            "source": asked.source,
            "signals": signals,
        }
        entry = AuditEntry(actor=asked.by, action="signals.erase", subject=f"deletion:{id_}", detail=detail)
        await append_audit(session, [entry], clock=self._clock, rng=self._rng)


def _since(ids: Sequence[UUID]) -> UUID:
    """The least id that an event about one of these signals can have: both begin with their time."""
    earliest_ms = min((id_.int >> 80 for id_ in ids), default=0)
    return UUID(int=max(earliest_ms - EARLIER_MS, 0) << 80)


def _words(asked: EraseSignals, found: Sequence[asyncpg.Record]) -> list[str]:
    """What undelivered messages about them may hold; what is very short stands in every one."""
    handle = asked.handle or ""
    told = {handle, plain_name(handle), asked.external_id or ""}
    told |= {str(row["id"]) for row in found} | {row["external_id"] for row in found}
    return sorted({word.lower() for word in told if len(word) >= SHORTEST_WORD})

"""What signals say: features in ``raw_signals``, statistics of their sources and topics."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg

from leadboost.clock import Clock
from leadboost.domain.hearing.features import Decisions, Echo, Said
from leadboost.domain.hearing.heard import HEARD_VERSION
from leadboost.domain.hearing.influence import Voice
from leadboost.domain.hearing.passage import Memory, Unheard
from leadboost.domain.hearing.statistics import Statistics
from leadboost.domain.signal import prose
from leadboost.store.database import Database, Session
from leadboost.store.jsontext import json_text
from leadboost.store.queries import load_queries

READ_DEADLINE_S = 1.0
CLAIM_DEADLINE_S = 5.0
ECHO_SIGNALS = 1000
DECIDED_WITHIN = timedelta(days=30)
FORGOTTEN_AFTER = timedelta(days=7)
FORGOTTEN_AT_ONCE = 1000

_queries = load_queries("hearing")


class PgHearingStore:
    """``HearingStore`` and ``FeatureStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def claim(self) -> AsyncIterator["PgSignalClaim"]:
        async with self._database.transaction(deadline_s=CLAIM_DEADLINE_S) as session:
            yield PgSignalClaim(session, self._database.clock)

    async def waiting_texts(self, limit: int) -> Sequence[str]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            return [_text(row) for row in await session.fetch(_queries.read_waiting, limit)]

    async def features(self, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, float]]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_features, list(ids), HEARD_VERSION)
        return {UUID(int=id_.int): features or {} for id_, features in rows}


class PgSignalClaim:
    """``SignalClaim`` in one transaction.

    Signals that another host holds are passed over, so nobody waits for a signal; subjects are locked in
    sorted order, so that hosts never wait in a circle. A subject's lock covers its voices.
    """

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def fetch_pending_signals(self, limit: int) -> Sequence[Unheard]:
        rows = await self._session.fetch(_queries.claim_signals, limit)
        clusters = list({row["cluster"] for row in rows if row["cluster"]})
        echoes = await self._echoes(clusters) if clusters else {}
        return [_unheard(row, echoes.get(row["cluster"])) for row in rows]

    async def remember(self, signals: Sequence[Unheard]) -> Memory:
        subjects = {subject for signal in signals for subject in signal.subjects}
        now = self._clock.now()
        statistics = await self._session.fetch(_queries.lock_statistics, *_columns(subjects, 2), now)
        voices = {voice for signal in signals for voice in signal.voices}
        known = await self._session.fetch(_queries.read_voices, *_columns(voices, 3))
        sources = sorted({signal.source for signal in signals})
        decided = await self._session.fetch(_queries.read_decisions, sources, now - DECIDED_WITHIN)
        return Memory(
            statistics={
                (kind, name): Statistics.from_json(fields, at)
                for kind, name, fields, at in statistics
                if fields
            },
            voices={(kind, name, voice): Voice(at, weight) for kind, name, voice, weight, at in known},
            decisions={source: Decisions(accepted=yes, rejected=no) for source, yes, no in decided},
        )

    async def mark_as_processed(
        self, heard: Mapping[UUID, Mapping[str, float] | None], memory: Memory
    ) -> None:
        features = [None if each is None else json_text(dict(each)) for each in heard.values()]
        await self._session.execute(
            _queries.mark_signals, list(heard), features, HEARD_VERSION, self._clock.now()
        )
        known = memory.statistics
        await self._session.execute(
            _queries.write_statistics,
            *_columns(known, 2),
            [json_text(each.as_json()) for each in known.values()],
            [each.at for each in known.values()],
        )
        await self._session.execute(
            _queries.write_voices,
            *_columns(memory.voices, 3),
            [voice.weight for voice in memory.voices.values()],
            [voice.at for voice in memory.voices.values()],
        )
        # By the time of the signals, not by the clock: a backlog may be older than what is forgotten.
        silent_since = min(each.at for each in known.values()) - FORGOTTEN_AFTER
        await self._session.execute(_queries.forget_voices, silent_since, FORGOTTEN_AT_ONCE)

    async def park(self, unreadable: Mapping[UUID, str]) -> None:
        await self._session.execute(
            _queries.park_signals, list(unreadable), list(unreadable.values()), self._clock.now()
        )

    async def _echoes(self, clusters: Sequence[UUID]) -> dict[UUID, Echo]:
        rows = await self._session.fetch(_queries.read_echoes, clusters, ECHO_SIGNALS)
        return {
            cluster: Echo(voices=voices, sources=sources, first_heard_at=first)
            for cluster, voices, sources, first in rows
        }


def _columns(keys: Iterable[Sequence[str]], width: int) -> Sequence[Sequence[str]]:
    return [list(column) for column in zip(*keys, strict=True)] or [[]] * width


def _unheard(row: asyncpg.Record, echo: Echo | None) -> Unheard:
    return Unheard(
        id=UUID(int=row["id"].int),
        source=row["source"],
        author=row["author"] or None,
        topics=row["topics"],
        is_rejected=row["is_rejected"],
        said=Said(
            text=_text(row),
            engagement=row["engagement"] or {},
            published_at=row["published_at"],
            heard_at=row["heard_at"],
        ),
        echo=echo or Echo(),
    )


def _text(row: asyncpg.Record) -> str:
    return prose(row["title"], row["text"] or "").strip()

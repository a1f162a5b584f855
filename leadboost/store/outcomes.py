"""``outcomes``: what campaigns earned, and what of it is still to be learned."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from leadboost.domain.hearing.heard import HEARD_VERSION, average
from leadboost.domain.outcome import Outcome
from leadboost.messages.trainer import OutcomesRecorded
from leadboost.ports import HeardOutcome, Lease, OutcomeRevision, PendingOutcome
from leadboost.store.database import Database, Session
from leadboost.store.jsontext import json_text
from leadboost.store.leases import guard
from leadboost.store.queries import load_queries

DEADLINE_S = 10.0
WAIT_FOR_SIGNALS = timedelta(minutes=10)

_queries = load_queries("outcomes")


class PgOutcomeStore:
    """``OutcomeStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock

    async def record(self, outcomes: Sequence[Outcome]) -> OutcomesRecorded:
        """Upsert on external_id, all or nothing.

        Where one call names an id several times the last one stands, in the place of the first; the
        others count as unchanged, so that accepted + unchanged is always what was sent.
        """
        told = list({outcome.external_id: outcome for outcome in outcomes}.values())
        if not told:
            return OutcomesRecorded(accepted=0, unchanged=0)
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.record_outcomes, self._clock.now(), *_columns(told))
        changed = sum(is_changed for (is_changed,) in rows)
        return OutcomesRecorded(accepted=len(rows), unchanged=len(outcomes) - len(rows), changed=changed)

    async def pending(self, limit: int) -> Sequence[PendingOutcome]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            unheard_until = self._clock.now() - WAIT_FOR_SIGNALS
            rows = await session.fetch(_queries.read_pending, limit, HEARD_VERSION, unheard_until)
        return [_pending(row) for row in rows]

    async def corrected(self, limit: int) -> Sequence[OutcomeRevision]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_corrected, limit)
        return [OutcomeRevision(rank=rank, revision=revision) for rank, revision in rows]

    async def learned(self, limit: int) -> Sequence[int]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return [rank for (rank,) in await session.fetch(_queries.read_learned_places, limit)]

    async def read(self, ranks: Sequence[int]) -> Sequence[HeardOutcome]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_outcomes, ranks, HEARD_VERSION)
        return [HeardOutcome(**_heard(dict(row))) for row in rows]

    async def settle(self, learned: Sequence[OutcomeRevision], version: int, lease: Lease) -> None:
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await guard(session, lease)
            await mark_learned(session, learned, version)

    async def count_pending(self) -> int:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return int(await session.fetchval(_queries.count_pending))


async def mark_learned(session: Session, learned: Sequence[OutcomeRevision], version: int) -> None:
    """Mark outcomes as learned by a version; those that have changed since are to be learned again."""
    places = [outcome.rank for outcome in learned]
    await session.execute(_queries.lock_learned, places)
    await session.execute(_queries.mark_learned, places, [outcome.revision for outcome in learned], version)


async def set_aside(session: Session, *, after: int, until: int) -> None:
    """Set aside what versions ``after`` < v <= ``until`` learned."""
    await session.execute(_queries.set_aside, after, until)


def _columns(outcomes: Sequence[Outcome]) -> Sequence[Sequence[object]]:
    rows = [
        (
            outcome.external_id,
            outcome.platform,
            outcome.day,
            outcome.spend_micros,
            outcome.revenue_micros,
            outcome.currency,
            outcome.clicks,
            outcome.impressions,
            outcome.conversions,
            json_text(dict(outcome.attributes)),
            ",".join(map(str, outcome.signal_ids)),
        )
        for outcome in outcomes
    ]
    return list(zip(*rows, strict=True))


def _pending(row: asyncpg.Record) -> PendingOutcome:
    fields = dict(row)
    return PendingOutcome(rank=fields.pop("seq"), revision=fields.pop("revision"), **_heard(fields))


def _heard(fields: dict[str, Any]) -> dict[str, Any]:
    heard = average(fields.pop("heard") or ())
    signal_ids = tuple(UUID(int=id_.int) for id_ in fields["signal_ids"])
    return {"outcome": Outcome(**{**fields, "signal_ids": signal_ids}), "heard": heard}

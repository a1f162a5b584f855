"""``sources``: where each polled source left off, and how it fares."""

from collections.abc import Mapping, Sequence

import asyncpg

from leadboost.domain.pace import Pace
from leadboost.ports import LEASE_PREFIX, Lease, NewEvent, SourceRow, SourceState
from leadboost.store.audit import AuditEntry, append_audit
from leadboost.store.database import Database
from leadboost.store.journal import insert_events
from leadboost.store.leases import guard
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0

_queries = load_queries("sources")


class PgSourceStore:
    """``SourceStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, names: Sequence[str]) -> Mapping[str, SourceRow]:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            rows = await session.fetch(_queries.load_sources, list(names), LEASE_PREFIX)
        return {
            row["wanted"]: SourceRow(state=None if row["name"] is None else _state(row), holder=row["holder"])
            for row in rows
        }

    async def save(self, state: SourceState, lease: Lease, events: Sequence[NewEvent] = ()) -> None:
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await guard(session, lease)
            await session.execute(
                _queries.save_source,
                state.name,
                state.kind,
                dict(state.cursor),
                state.state,
                state.reason,
                state.errors,
                state.last_polled_at,
                state.last_item_at,
                state.next_due_at,
                state.accepted,
                state.duplicates,
                state.rejected,
                state.pace.items,
                state.pace.watched_s,
                state.pace.quiet_s,
                state.silent_since,
            )
            await insert_events(session, events)

    async def mute(self, name: str, kind: str, *, muted: bool, reason: str | None, by: str) -> SourceState:
        database = self._database
        action = "source.mute" if muted else "source.unmute"
        entry = AuditEntry(actor=by, action=action, subject=name, detail={"reason": reason})
        async with database.transaction(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.mute_source, name, kind, muted, reason)
            await append_audit(session, [entry], clock=database.clock, rng=database.rng)
        assert row is not None  # noqa: S101 - an upsert returns its row
        return _state(row)


def _state(row: asyncpg.Record) -> SourceState:
    return SourceState(
        name=row["name"],
        kind=row["kind"],
        cursor=row["cursor"],
        state=row["state"],
        reason=row["reason"],
        errors=row["errors"],
        last_polled_at=row["last_polled_at"],
        last_item_at=row["last_item_at"],
        next_due_at=row["next_due_at"],
        accepted=row["accepted"],
        duplicates=row["duplicates"],
        rejected=row["rejected"],
        pace=Pace(items=row["pace_items"], watched_s=row["pace_watched_s"], quiet_s=row["pace_quiet_s"]),
        silent_since=row["silent_since"],
        muted=row["muted"],
        mute_reason=row["mute_reason"],
    )

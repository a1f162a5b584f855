"""``sources``: where each polled source left off."""

from leadboost.ports import SourceState
from leadboost.store.database import Database
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0

_queries = load_queries("sources")


class PgSourceStore:
    """``SourceStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> SourceState | None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.load_source, name)
        return None if row is None else SourceState(**row)

    async def save(self, state: SourceState) -> None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
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
            )

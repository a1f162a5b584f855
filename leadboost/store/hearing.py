"""What signals say: their features in ``raw_signals``."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from leadboost.domain.hearing.heard import HEARD_VERSION
from leadboost.store.database import Database
from leadboost.store.queries import load_queries

READ_DEADLINE_S = 1.0

_queries = load_queries("hearing")


class PgHearingStore:
    """``HearingStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def features(self, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, float]]:
        async with self._database.session(deadline_s=READ_DEADLINE_S) as session:
            rows = await session.fetch(_queries.read_features, list(ids), HEARD_VERSION)
        return {UUID(int=id_.int): features or {} for id_, features in rows}

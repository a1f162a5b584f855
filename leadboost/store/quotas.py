"""``quotas``: what was used of each limited thing."""

from datetime import datetime

from leadboost.store.database import Database
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0

_queries = load_queries("quotas")


class PgQuotaStore:
    """``QuotaStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, *, period: datetime, units: int, limit: int) -> bool:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            return await session.fetchval(_queries.take_quota, name, period, units, limit) is not None

    async def give_back(self, name: str, *, period: datetime, units: int) -> None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            await session.execute(_queries.return_quota, name, period, units)

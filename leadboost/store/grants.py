"""``grants``: refresh tokens that their services replace at each use."""

from leadboost.ports import Grant
from leadboost.store.database import Database
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0

_queries = load_queries("grants")


class PgGrantStore:
    """``GrantStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> Grant | None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.load_grant, name)
        return None if row is None else Grant(refresh_token=row["refresh_token"], origin=row["origin"])

    async def save(self, name: str, grant: Grant, *, replaces: str | None) -> None:
        now = self._database.clock.now()
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            await session.execute(_queries.save_grant, name, grant.refresh_token, grant.origin, now, replaces)

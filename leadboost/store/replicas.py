"""``replicas``: how far each copy of the journal elsewhere is."""

from leadboost.ports import Lease, ReplicaProgress
from leadboost.store.database import Database
from leadboost.store.leases import guard
from leadboost.store.queries import load_queries

DEADLINE_S = 2.0

_queries = load_queries("replicas")


class PgReplicaStore:
    """``ReplicaStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, destination: str) -> ReplicaProgress | None:
        async with self._database.session(deadline_s=DEADLINE_S) as session:
            row = await session.fetchrow(_queries.load_replica, destination)
        return None if row is None else ReplicaProgress(**row)

    async def save(self, progress: ReplicaProgress, lease: Lease) -> None:
        async with self._database.transaction(deadline_s=DEADLINE_S) as session:
            await guard(session, lease)
            await session.execute(
                _queries.save_replica,
                progress.destination,
                progress.epoch,
                progress.offset,
                progress.documents,
                dict(progress.left_out),
                self._database.clock.now(),
            )

"""``leases``: terms of leadership, and the guard that fences a write by its term.

A lease is a term: taking over raises its epoch, and only that very term is renewed or resigned.
"""

from contextlib import suppress

from leadboost.errors import LeaseLostError
from leadboost.ports import Lease
from leadboost.store.database import Database, Session
from leadboost.store.queries import load_queries

TTL_S = 9.0
MARGIN_S = 3.0

queries = load_queries("leases")


async def guard(session: Session, lease: Lease) -> None:
    """Let a transaction go on only under ``lease``, and hold off a take-over until it has ended.

    Raises LeaseLostError.
    """
    if not await session.fetchval(queries.guard_term, lease.name, lease.holder, lease.epoch):
        raise LeaseLostError(lease.name)


class PgLeaseStore:
    """``LeaseStore`` on PostgreSQL. A term runs 9 s; its holder trusts it for 6 s, counted on the
    monotonic clock from before the request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, name: str, holder: str) -> Lease | None:
        """Begin a new term; a holder may also replace its own, whose epoch it has forgotten."""
        asked_at = self._database.clock.monotonic()
        async with self._database.session() as session:
            epoch = await session.fetchval(queries.begin_term, name, holder, TTL_S)
        if epoch is None:
            return None
        return Lease(name=name, holder=holder, epoch=epoch, trusted_until=asked_at + TTL_S - MARGIN_S)

    async def renew(self, lease: Lease) -> Lease:
        asked_at = self._database.clock.monotonic()
        async with self._database.session() as session:
            epoch = await session.fetchval(queries.renew_term, lease.name, lease.holder, lease.epoch, TTL_S)
        if epoch is None:
            raise LeaseLostError(lease.name)
        return Lease(
            name=lease.name, holder=lease.holder, epoch=epoch, trusted_until=asked_at + TTL_S - MARGIN_S
        )

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        if lease is not None and self._database.clock.monotonic() < lease.trusted_until:
            with suppress(LeaseLostError):
                return await self.renew(lease)
        return await self.acquire(name, holder)

    async def resign(self, lease: Lease) -> None:
        async with self._database.session() as session:
            await session.execute(queries.end_term, lease.name, lease.holder, lease.epoch)

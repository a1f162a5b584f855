"""``leases``: terms of leadership, and the guard that fences a write by its term.

A lease is a term: taking over raises its epoch, and only that very term is renewed or resigned.
"""

from contextlib import suppress

from leadboost.errors import LeaseLostError
from leadboost.ports import LEASE_MARGIN_S, LEASE_TTL_S, Lease
from leadboost.store.database import Database, Session
from leadboost.store.queries import load_queries

queries = load_queries("leases")


async def guard(session: Session, lease: Lease) -> None:
    """Let a transaction go on only under ``lease``, and hold off a take-over until it has ended.

    Raises LeaseLostError.
    """
    if not await session.fetchval(queries.guard_term, lease.name, lease.holder, lease.epoch):
        raise LeaseLostError(lease.name)


class PgLeaseStore:
    """``TermStore`` and ``LeaseStore`` on PostgreSQL: alone, the row elects by its expiry.

    A term runs 9 s; its holder trusts it for 6 s, counted on the monotonic clock from before the request.
    """

    def __init__(self, database: Database, *, ttl_s: float = LEASE_TTL_S) -> None:
        self._database = database
        self._ttl_s = ttl_s
        self._trusted_s = ttl_s - ttl_s * LEASE_MARGIN_S / LEASE_TTL_S

    async def acquire(self, name: str, holder: str, *, elected: bool = False) -> Lease | None:
        """Begin a new term; a holder may also replace its own, whose epoch it has forgotten."""
        asked_at = self._database.clock.monotonic()
        async with self._database.session() as session:
            epoch = await session.fetchval(queries.begin_term, name, holder, self._ttl_s, elected)
        return None if epoch is None else self._term(name, holder, epoch, asked_at)

    async def renew(self, lease: Lease) -> Lease:
        asked_at = self._database.clock.monotonic()
        async with self._database.session() as session:
            epoch = await session.fetchval(
                queries.renew_term, lease.name, lease.holder, lease.epoch, self._ttl_s
            )
        if epoch is None:
            raise LeaseLostError(lease.name)
        return self._term(lease.name, lease.holder, epoch, asked_at)

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        if lease is not None and self._database.clock.monotonic() < lease.trusted_until:
            with suppress(LeaseLostError):
                return await self.renew(lease)
        return await self.acquire(name, holder)

    async def release(self, lease: Lease) -> None:
        async with self._database.session() as session:
            await session.execute(queries.end_term, lease.name, lease.holder, lease.epoch)

    def _term(self, name: str, holder: str, epoch: int, asked_at: float) -> Lease:
        return Lease(name=name, holder=holder, epoch=epoch, trusted_until=asked_at + self._trusted_s)

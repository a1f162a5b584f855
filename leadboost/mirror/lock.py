"""DistributedLock: with Redis a lock elects, without it the row does; the row's epoch fences every write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog

from leadboost.clock import Clock
from leadboost.errors import LeaseLostError, MirrorError, StoreError
from leadboost.ports import LEASE_MARGIN_S, LEASE_TTL_S, Election, Lease, TermStore

RENEW_S = 3.0
MOST_HELD_S = 60.0

RunTask = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]

_log = structlog.get_logger(__name__)


class DistributedLock:
    """``LeaseStore`` over all hosts: ``terms`` are rows, ``election`` the locks in Redis, if there is one.

    Whoever wins the lock begins a term at once, also over one that still runs; where Redis does not answer
    the row elects by its expiry. Two hosts may so believe that they lead: the one with the older epoch is
    refused at its next write, or at its next renewal.
    """

    def __init__(
        self,
        terms: TermStore,
        election: Election | None,
        *,
        clock: Clock,
        run_task: RunTask,
        ttl_s: float = LEASE_TTL_S,
    ) -> None:
        """``run_task`` starts the watchdogs of ``atomic_transaction``, which somebody has to own."""
        self._terms = terms
        self._election = election
        self._clock = clock
        self._run_task = run_task
        self._trusted_s = ttl_s - ttl_s * LEASE_MARGIN_S / LEASE_TTL_S
        self._renew_s = ttl_s * RENEW_S / LEASE_TTL_S
        self._is_away = False

    async def acquire(self, name: str, holder: str) -> Lease | None:
        """Begin a new term; a holder may also replace its own, whose epoch it has forgotten."""
        return await self._begin(name, holder, self._extend)

    async def _begin(
        self, name: str, holder: str, elect: Callable[[str], Awaitable[bool | None]]
    ) -> Lease | None:
        asked_at = self._clock.monotonic()
        elected = await elect(name)
        if elected is False:
            return None
        try:
            lease = await self._terms.acquire(name, holder, elected=bool(elected))
        except StoreError:
            await self._leave(name)
            raise
        return None if lease is None else self._trusted(lease, asked_at)

    async def renew(self, lease: Lease) -> Lease:
        asked_at = self._clock.monotonic()
        if await self._extend(lease.name) is False:
            raise LeaseLostError(lease.name)
        return self._trusted(await self._terms.renew(lease), asked_at)

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        if lease is not None and self._clock.monotonic() < lease.trusted_until:
            with suppress(LeaseLostError):
                return await self.renew(lease)
        return await self.acquire(name, holder)

    async def release(self, lease: Lease) -> None:
        """End this very term, and give the lock up; either runs out by itself where that fails."""
        try:
            await self._terms.release(lease)
        finally:
            await self._leave(lease.name)

    @asynccontextmanager
    async def atomic_transaction(
        self, name: str, holder: str, *, most_s: float = MOST_HELD_S
    ) -> AsyncIterator[Lease]:
        """Run a block, or the function that this decorates, once at a time over all hosts; what it writes is
        to be guarded by the lease that it gets. ``holder`` is of this one run.

        A watchdog prolongs the lease meanwhile. The block is broken off once the lease is lost, and after
        ``most_s`` seconds. Raises LeaseLostError for both, and where the lease is held elsewhere.
        """
        lease = await self._begin(name, holder, self._win)
        if lease is None:
            raise LeaseLostError(name)
        try:
            async with asyncio.timeout(most_s) as limit:
                watchdog = self._run_task(f"lock {name}", self._watch(lease, limit))
                try:
                    yield lease
                finally:
                    watchdog.cancel()
        except TimeoutError as error:
            if limit.expired():
                raise LeaseLostError(name) from error
            raise
        finally:
            with suppress(StoreError):  # it runs out by itself
                await self.release(lease)

    async def _watch(self, lease: Lease, limit: asyncio.Timeout) -> None:
        """Renew until cancelled; without trust in the lease end the block."""
        while self._clock.monotonic() < lease.trusted_until:
            await asyncio.sleep(self._renew_s)
            try:
                lease = await self.renew(lease)
            except LeaseLostError:
                break
            except StoreError as error:
                _log.warning("lock not renewed", name=lease.name, error=str(error))
        if not limit.expired():
            limit.reschedule(self._clock.monotonic())

    def _trusted(self, lease: Lease, asked_at: float) -> Lease:
        """Trust counts from before the first request: the lock in Redis is older than the row's term."""
        return replace(lease, trusted_until=min(lease.trusted_until, asked_at + self._trusted_s))

    # -- Redis: None where it does not answer, or there is none ------------------------------------

    async def _win(self, name: str) -> bool | None:
        return await self._ask(self._election.win(name)) if self._election is not None else None

    async def _extend(self, name: str) -> bool | None:
        """Prolong the lock; one that Redis lost in a restart is taken anew, unless another was faster."""
        if self._election is None:
            return None
        extended = await self._ask(self._election.extend(name))
        return await self._win(name) if extended is False else extended

    async def _leave(self, name: str) -> None:
        if self._election is not None:
            with suppress(MirrorError):  # it expires by itself
                await self._election.leave(name)

    async def _ask(self, answer: Coroutine[Any, Any, bool]) -> bool | None:
        try:
            said = await answer
        except MirrorError as error:
            if not self._is_away:
                _log.warning("leases elected without Redis", error=str(error))
            self._is_away = True
            return None
        if self._is_away:
            _log.info("leases elected by Redis again")
        self._is_away = False
        return said

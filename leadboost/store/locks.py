"""SKUs that someone else keeps locked: an open console session, a stuck migration, a hung host."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from leadboost.store.database import Database
from leadboost.store.errors import LockTimeoutError
from leadboost.store.queries import load_queries

LOCK_WAIT_S = 0.3
_DEADLINE_S = 0.5
_ATTEMPTS = 3
_LOOKS = 3
_PAUSE_S = 0.02

_queries = load_queries("stock")

R = TypeVar("R")
T = TypeVar("T")


class HeldSkus:
    """Knows which SKUs were found locked for longer than ``LOCK_WAIT_S``.

    Whoever names one of them is refused after a glance, so that the others wait for him only once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[str] = frozenset()

    async def run_free(
        self,
        items: Sequence[T],
        skus_of: Callable[[T], Collection[str]],
        run: Callable[[Sequence[T]], Awaitable[R]],
    ) -> tuple[frozenset[str], R]:
        """Run with the items that name no held SKU; return the held SKUs and the result.

        Raises what ``run`` raises; LockTimeoutError when it waited in vain, yet no SKU is held.
        """
        held = await self._still_held(_named(items, skus_of)) if self._known else self._known
        for _ in range(_ATTEMPTS - 1):
            free = [item for item in items if held.isdisjoint(skus_of(item))] if held else items
            try:
                return held, await run(free)
            except LockTimeoutError:
                held |= await self._find(_named(free, skus_of))
        return held, await run([item for item in items if held.isdisjoint(skus_of(item))])

    async def _still_held(self, skus: frozenset[str]) -> frozenset[str]:
        known = self._known & skus
        held = await self._held_now(known) if known else known
        self._known = self._known - known | held
        return held

    async def _find(self, skus: frozenset[str]) -> frozenset[str]:
        held = await self._held_now(skus)
        self._known |= held
        return held

    async def _held_now(self, skus: frozenset[str]) -> frozenset[str]:
        """Look several times: other hosts hold rows too, but only for a moment each."""
        held = await self._look(skus)
        for _ in range(_LOOKS - 1):
            if held:
                await asyncio.sleep(_PAUSE_S)
                held = await self._look(held)
        return held

    async def _look(self, skus: frozenset[str]) -> frozenset[str]:
        async with self._database.transaction(deadline_s=_DEADLINE_S, lock_wait_s=LOCK_WAIT_S) as session:
            return frozenset(row["sku"] for row in await session.fetch(_queries.find_held, list(skus)))


def locked_error(skus: Collection[str]) -> LockTimeoutError:
    """Say which SKUs another transaction holds."""
    return LockTimeoutError(f"{', '.join(sorted(skus))}: locked by another transaction; try again later")


def _named(items: Sequence[T], skus_of: Callable[[T], Collection[str]]) -> frozenset[str]:
    return frozenset(sku for item in items for sku in skus_of(item))

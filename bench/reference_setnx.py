"""Reference: one Redis lock for every sale, asked for again every 10 ms until won; then read, then write.

Nothing is durable and no key is remembered: both count in its favour.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from redis.asyncio import Redis

from bench.reference import Order, Sell, granted, refused, serve

RETRY_S = 0.01
LOCK_MS = 10_000
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class LockedSale:
    """Sells under the lock."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._release = redis.register_script(_RELEASE)

    async def __call__(self, order: Order) -> tuple[int, bytes]:
        lock, owner = f"lock:{order.sku}", uuid4().hex
        while not await self._redis.set(lock, owner, nx=True, px=LOCK_MS):  # noqa: ASYNC110 - its design
            await asyncio.sleep(RETRY_S)
        try:
            return await self._sell(order)
        finally:
            await self._release(keys=[lock], args=[owner])

    async def _sell(self, order: Order) -> tuple[int, bytes]:
        left = int(await self._redis.get(f"stock:{order.sku}") or 0)
        if left < order.quantity:
            return refused(order)
        await self._redis.set(f"stock:{order.sku}", left - order.quantity)
        return granted(str(uuid4()), order, left - order.quantity)


@asynccontextmanager
async def backend(address: str) -> AsyncIterator[Sell]:
    """Connect to the Redis at ``address``."""
    async with Redis.from_url(address, max_connections=1024) as redis:
        yield LockedSale(redis)


if __name__ == "__main__":
    serve(backend)

"""Reference: one transaction per request, on a pool of ten connections.

It writes the rows that a sale of ours writes: the idempotency row with its answer, the stock row by a
conditional UPDATE, the sale. The hot row is locked as late as possible.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from bench.reference import Order, Sell, granted, refused, serve
from leadboost.clock import Rng, SystemClock, uuid7

POOL_SIZE = 10
_CLAIM = """
INSERT INTO idempotency (principal, key, request_hash, status, body, created_at)
VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING RETURNING 1"""
_TAKE = """
UPDATE stock SET on_hand = on_hand - $2
WHERE sku = $1 AND on_hand - reserved >= $2 RETURNING on_hand - reserved"""
_SALE = """
INSERT INTO sales (id, line, sku, quantity, remaining, principal, idempotency_key, sold_at)
VALUES ($1, 0, $2, $3, $4, $5, $6, $7)"""
_ANSWER = "UPDATE idempotency SET status = $3, body = $4 WHERE principal = $1 AND key = $2"
FIND = "SELECT status, body FROM idempotency WHERE principal = $1 AND key = $2"


class RowSale:
    """Sells in a transaction of its own."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._clock, self._rng = SystemClock(), Rng()

    async def __call__(self, order: Order) -> tuple[int, bytes]:
        async with self._pool.acquire() as connection, connection.transaction():
            now = self._clock.now()
            if not await connection.fetchval(_CLAIM, order.principal, order.key, order.digest, now):
                row = await connection.fetchrow(FIND, order.principal, order.key)
                assert row is not None
                return row["status"], row["body"]
            left = await connection.fetchval(_TAKE, order.sku, order.quantity)
            answer = refused(order)
            if left is not None:
                sale_id = uuid7(self._clock, self._rng)
                answer = granted(str(sale_id), order, left)
                await connection.execute(
                    _SALE, sale_id, order.sku, order.quantity, left, order.principal, order.key, now
                )
            await connection.execute(_ANSWER, order.principal, order.key, *answer)
            return answer


async def _keep(_: object) -> None:
    """Spare the driver's reset round trip, as our own pool does."""


def open_pool(address: str) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool of ten connections, all open from the start."""
    return asyncpg.create_pool(address, min_size=POOL_SIZE, max_size=POOL_SIZE, reset=_keep)


@asynccontextmanager
async def backend(address: str) -> AsyncIterator[Sell]:
    """Open the pool on the database at ``address``."""
    async with open_pool(address) as pool:
        yield RowSale(pool)


if __name__ == "__main__":
    serve(backend)

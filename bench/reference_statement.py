"""Reference: like ``reference_row``, folded by hand into one statement, so one round trip per sale.

The hot row is locked for no longer than the commit takes. Ours is not measured against a mark here; it
shows how far a sale of its own transaction can be driven.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from bench.reference import Order, Sell, serve
from bench.reference_row import FIND, open_pool
from leadboost.clock import Rng, SystemClock, uuid7

_SELL = """
WITH taken AS (
    UPDATE stock SET on_hand = on_hand - $2
    WHERE sku = $1 AND on_hand - reserved >= $2 RETURNING on_hand - reserved AS remaining
), sold AS (
    INSERT INTO sales (id, line, sku, quantity, remaining, principal, idempotency_key, sold_at)
    SELECT $3, 0, $1, $2, remaining, $4, $5, $6 FROM taken
)
INSERT INTO idempotency (principal, key, request_hash, status, body, created_at)
SELECT $4, $5, $7, CASE WHEN remaining IS NULL THEN 409 ELSE 201 END, convert_to(
    CASE WHEN remaining IS NULL THEN json_build_object('code', 'insufficient_stock', 'sku', $1)
    ELSE json_build_object('sale_id', $3::uuid, 'sku', $1, 'quantity', $2::bigint, 'remaining', remaining)
    END::text, 'UTF8'), $6
FROM (VALUES (1)) AS once LEFT JOIN taken ON true
RETURNING status, body"""


class StatementSale:
    """Sells in one statement that commits by itself."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._clock, self._rng = SystemClock(), Rng()

    async def __call__(self, order: Order) -> tuple[int, bytes]:
        sale_id, now = uuid7(self._clock, self._rng), self._clock.now()
        line, buyer = (order.sku, order.quantity), (order.principal, order.key)
        try:
            row = await self._pool.fetchrow(_SELL, *line, sale_id, *buyer, now, order.digest)
        except asyncpg.UniqueViolationError:
            row = await self._pool.fetchrow(FIND, *buyer)
        assert row is not None
        return row["status"], row["body"]


@asynccontextmanager
async def backend(address: str) -> AsyncIterator[Sell]:
    """Open the pool on the database at ``address``."""
    async with open_pool(address) as pool:
        yield StatementSale(pool)


if __name__ == "__main__":
    serve(backend)

"""Reference: the HTTP server itself. Checks the token and the body, then does nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.reference import Order, Sell, granted, serve

_NO_SALE = "00000000-0000-7000-8000-000000000000"


async def _sell(order: Order) -> tuple[int, bytes]:
    return granted(_NO_SALE, order, 0)


@asynccontextmanager
async def backend(_: str) -> AsyncIterator[Sell]:
    """Nothing to open."""
    yield _sell


if __name__ == "__main__":
    serve(backend)

"""What the reference servers share: the product's own token check and body model in front of their sale.

Each is an aiohttp application on uvloop without an access log, started as
``python -m bench.reference_NAME PORT SECRET BACKEND``; it also answers ``GET /healthz``.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import orjson
import uvloop
from aiohttp import web

from leadboost.clock import SystemClock
from leadboost.console.api_sell import order_hash, order_lines
from leadboost.console.auth import Role, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A checked order for one SKU; ``digest`` is its SHA-256."""

    principal: str
    key: str
    digest: bytes
    sku: str
    quantity: int


Sell = Callable[[Order], Awaitable[tuple[int, bytes]]]
Backend = Callable[[str], AbstractAsyncContextManager[Sell]]


def granted(sale_id: str, order: Order, remaining: int) -> tuple[int, bytes]:
    """The answer to a sale."""
    answer = {"sale_id": sale_id, "sku": order.sku, "quantity": order.quantity, "remaining": remaining}
    return 201, orjson.dumps(answer)


def refused(order: Order) -> tuple[int, bytes]:
    """The answer when the stock does not suffice."""
    return 409, orjson.dumps({"code": "insufficient_stock", "sku": order.sku})


def serve(backend: Backend) -> None:
    """Serve until terminated."""
    port, secret, address = sys.argv[1:]
    uvloop.install()
    web.run_app(
        _application(Tokens(bytes.fromhex(secret), SystemClock()), backend, address),
        host="127.0.0.1",
        port=int(port),
        access_log=None,
        print=lambda *_: None,
        backlog=1024,
    )


def _application(tokens: Tokens, backend: Backend, address: str) -> web.Application:
    sells: list[Sell] = []

    async def open_backend(_: web.Application) -> AsyncIterator[None]:
        async with backend(address) as sell:
            sells.append(sell)
            yield

    async def sale(request: web.Request) -> web.Response:
        principal = tokens.verify(request.headers["Authorization"].removeprefix("Bearer "))
        if principal.role < Role.OPERATOR:
            raise web.HTTPForbidden
        lines = order_lines(await request.read())
        order = Order(
            principal=principal.subject,
            key=request.headers["Idempotency-Key"],
            digest=order_hash(lines),
            sku=lines[0].sku,
            quantity=lines[0].quantity,
        )
        status, answer = await sells[0](order)
        return web.Response(status=status, body=answer, content_type="application/json")

    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.cleanup_ctx.append(open_backend)
    application.router.add_post("/api/sales", sale)
    application.router.add_get("/healthz", healthy)
    return application

"""Reference: python-socketio on aiohttp, emitting every payload that it is posted to every client.

Started as ``python -m bench.reference_socketio PORT SECRET BACKEND`` like the others; it needs neither
of the last two. ``POST /broadcast`` takes a JSON array of texts.
"""

import sys
from typing import Any

import orjson
import socketio
import uvloop
from aiohttp import web


def serve() -> None:
    """Serve until terminated."""
    uvloop.install()
    hub = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
    application = web.Application(client_max_size=2**26)
    hub.attach(application)

    async def broadcast(request: web.Request) -> web.Response:
        for text in orjson.loads(await request.read()):
            payload: Any = orjson.loads(text)
            await hub.emit("event", payload)
        return web.Response()

    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    application.router.add_post("/broadcast", broadcast)
    application.router.add_get("/healthz", healthy)
    web.run_app(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=lambda *_: None,
        backlog=1024,
    )


if __name__ == "__main__":
    serve()

"""A server on loopback, for as long as somebody needs it."""

import asyncio
from typing import Self

from aiohttp import web


class LoopbackServer:
    """``async with`` starts and stops it; ``url`` is its address, ``_stopping`` ends calls that wait."""

    def __init__(self) -> None:
        self.url = ""
        self._stopping = asyncio.Event()

    def _serve(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None, handler_cancellation=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> str:
        """Bind to loopback and return the base URL."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        host, bound = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """End all calls, the waiting ones too, and close."""
        self._stopping.set()
        await self._runner.cleanup()

"""A TCP proxy that can swallow the server's replies after the request took effect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """Forwards both ways; once the client sends ``swallow_after``, no reply comes back. ``delay_s`` holds
    each reply up."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._writers: list[asyncio.StreamWriter] = []
        self.swallow_after: bytes | None = None
        self.cut = False
        self.delay_s = 0.0
        self.swallowed = asyncio.Event()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TcpProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for writer in self._writers:
                writer.transport.abort()
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers += [writer, upstream]
        deaf = asyncio.Event()
        with suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(reader, upstream, deaf))
                group.create_task(self._replies(upstream_reader, writer, deaf))

    async def _requests(
        self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if self.swallow_after is not None and self.swallow_after in data:
                deaf.set()
            upstream.write(data)
            await upstream.drain()
        upstream.close()

    async def _replies(
        self, upstream_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        while data := await upstream_reader.read(65_536):
            if not deaf.is_set():
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
                continue
            self.swallowed.set()
            if self.cut:
                break
        writer.close()

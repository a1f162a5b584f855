"""Who hears in the mirror bench: one viewer at a daemon's socket, and one plain XREAD.

Run as a module it answers each line of input with ``{key: arrival}``, in monotonic seconds, of all that came
since the line before.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import uvloop
from redis.asyncio import Redis

RAW_STREAM = "bench:raw"


async def lines() -> AsyncIterator[bytes]:
    """The lines of standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


async def _read_stream(redis_url: str, arrivals: dict[str, float]) -> None:
    redis, cursor = Redis.from_url(redis_url), "0"
    while True:
        found: Any = await redis.xread({RAW_STREAM: cursor}, count=1_000, block=500)
        now = time.monotonic()
        for _, entries in found:
            cursor = entries[-1][0]
            arrivals.update({fields[b"key"].decode(): now for _, fields in entries})


async def _watch(socket: aiohttp.ClientWebSocketResponse, arrivals: dict[str, float]) -> None:
    async for message in socket:
        now, frame = time.monotonic(), orjson.loads(message.data)
        if frame["t"] == "ping":
            await socket.send_str('{"t":"pong"}')
        elif frame["t"] == "event" and "key" in frame["data"]:
            arrivals[frame["data"]["key"]] = now
        elif frame["t"] == "state" and frame["key"] == "timeline":
            shown = next(each for each in frame["data"]["steps"] if each["step"] == "analyst")
            arrivals.setdefault(str(shown["detail"]), now)


async def main(url: str, token: str, redis_url: str) -> None:
    """Hear until the input ends."""
    arrivals: dict[str, float] = {}
    async with aiohttp.ClientSession() as http:
        protocols = ("leadboost.v1", f"bearer.{token}")
        async with http.ws_connect(f"{url}/dashboard/ws", protocols=protocols) as socket:
            await socket.receive_str()
            readers = asyncio.gather(_read_stream(redis_url, arrivals), _watch(socket, arrivals))
            print("ready", flush=True)
            async for _ in lines():
                sys.stdout.buffer.write(orjson.dumps(arrivals) + b"\n")
                sys.stdout.buffer.flush()
                arrivals.clear()
            readers.cancel()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:4]))

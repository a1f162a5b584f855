"""Viewers of a real daemon that come back whenever they are cut off, and a seller that makes events."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import orjson

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens

AGAIN_S = 0.02
ASKED_AGAIN = (429, 502, 503, 504)


@dataclass
class Follower:
    """One viewer. ``wrongs`` counts what may not happen; ``arrivals`` hold when each SKU was told;
    ``cuts`` counts connections cut after their greeting."""

    name: str
    url: str
    tokens: Tokens
    since: int | None = None
    epoch: str | None = None
    recovered: list[bool] = field(default_factory=list)
    wrongs: Counter[str] = field(default_factory=Counter)
    arrivals: dict[str, float] = field(default_factory=dict)
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    cuts: int = 0
    _transport: asyncio.Transport | None = None

    def drop(self) -> None:
        """Cut the connection without a word."""
        if self._transport is not None and self.greeted.is_set():
            self._transport.abort()
            self._transport = None
            self.cuts += 1

    async def follow(self, http: aiohttp.ClientSession) -> None:
        """Watch for ever."""
        while True:
            # A text was asked for and the connection was gone, or the daemon is away.
            with suppress(aiohttp.ClientError, ConnectionError, TypeError):
                await self._watch(http)
            self._transport = None
            self.greeted.clear()
            await pause(AGAIN_S)

    async def _watch(self, http: aiohttp.ClientSession) -> None:
        query = "" if self.since is None else f"?since={self.since}&epoch={self.epoch}"
        token = self.tokens.issue(self.name, Role.VIEWER, 3_600)
        async with http.ws_connect(
            f"{self.url}/dashboard/ws{query}", protocols=("leadboost.v1", f"bearer.{token}")
        ) as socket:
            self._transport = cast(asyncio.Transport, cast(Any, socket)._response.connection.transport)
            self._greet(orjson.loads(await socket.receive_str()))
            while True:
                frame = orjson.loads(await socket.receive_str())
                if frame["t"] == "event":
                    self._take(frame)
                elif frame["t"] == "ping":
                    await socket.send_str('{"t":"pong"}')

    def _greet(self, hello: dict[str, Any]) -> None:
        if self.since is None:
            self.since, self.epoch = hello["offset"], hello["epoch"]
        else:
            self.recovered.append(hello["recovered"])
        self.greeted.set()

    def _take(self, frame: dict[str, Any]) -> None:
        assert self.since is not None
        offset = frame["offset"]
        self.wrongs["lost"] += max(0, offset - self.since - 1)
        self.wrongs["doubled"] += offset == self.since
        self.wrongs["out_of_order"] += offset < self.since
        self.since = max(self.since, offset)
        self.arrivals[frame["data"].get("sku", "")] = time.monotonic()


@dataclass
class Seller:
    """Sells the last unit of one SKU after the other, which makes one event each."""

    url: str
    token: str
    sent: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    async def sell(self, http: aiohttp.ClientSession, skus: Sequence[str], per_s: float) -> None:
        """Sell all at this pace; returns when every sale is answered with 201."""
        began_at = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, sku in enumerate(skus):
                await pause(began_at + number / per_s - time.monotonic())
                tasks.create_task(self._sell(http, sku))

    async def _sell(self, http: aiohttp.ClientSession, sku: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": sku}
        self.sent[sku] = time.monotonic()
        while True:
            try:
                async with http.post(
                    f"{self.url}/api/sales", json={"sku": sku, "quantity": 1}, headers=headers
                ) as answer:
                    if answer.status == 201:
                        self.took[sku] = time.monotonic() - self.sent[sku]
                        return
                    assert answer.status in ASKED_AGAIN, await answer.text()
            except (aiohttp.ClientError, ConnectionError):
                pass  # the daemon is away; the same key sells once
            await pause(0.1)


async def pause(seconds: float) -> None:
    """Let real time pass: a viewer's own, between two tries, and the seller's pace."""
    waiter = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(max(0.0, seconds), waiter.set_result, None)
    await waiter


@asynccontextmanager
async def following(
    url: str, secret: str, count: int
) -> AsyncIterator[tuple[list[Follower], aiohttp.ClientSession]]:
    """Run so many viewers, all greeted, and a client for everything else."""
    tokens = Tokens(bytes.fromhex(secret), SystemClock())
    followers = [Follower(f"viewer-{number}", url, tokens) for number in range(count)]
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        tasks = [asyncio.get_running_loop().create_task(each.follow(http)) for each in followers]
        await asyncio.gather(*(each.greeted.wait() for each in followers))
        try:
            yield followers, http
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

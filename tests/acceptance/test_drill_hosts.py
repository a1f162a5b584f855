"""A stop on one host reaches two others: through Redis, through the database, and when either is down."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import pytest

from bench.ground import issue_token
from bench.servers import Daemon
from leadboost.store.embedded import EmbeddedPostgres
from leadboost.store.migrate import migrate
from tests.acceptance.followers import pause
from tests.acceptance.hosts import SECRET, hosts
from tests.redis_process import RedisProcess, redis_process

HEADERS = {"Authorization": f"Bearer {issue_token(SECRET)}"}

trials = pytest.mark.parametrize(
    "count", [5, pytest.param(100, marks=pytest.mark.drill)], ids=["short", "drill"]
)


class Three:
    """Three daemons; a stop is pulled on the first and looked for on the others."""

    def __init__(self, daemons: list[Daemon], http: aiohttp.ClientSession) -> None:
        self.one, *self.others = daemons
        self._http = http
        self._stops = 0

    async def safety(self, daemon: Daemon) -> dict[str, Any]:
        async with self._http.get(f"{daemon.url}/api/safety", headers=HEADERS) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def trip(self, scope: str) -> str:
        body = {"reason": "a drill", "scope": scope}
        async with self._http.post(f"{self.one.url}/api/panic", json=body, headers=HEADERS) as answer:
            halt_id: str = (await answer.json())["id"]
            return halt_id

    async def stop_on_all_s(self) -> float:
        """Halt one campaign; returns how long it took until both others hold it too."""
        self._stops += 1
        began_at = time.monotonic()
        halt_id = await self.trip(f"campaign:meta_ads:{self._stops}")
        async with asyncio.timeout(10):
            await asyncio.gather(*(self._until_held(each, halt_id) for each in self.others))
        return time.monotonic() - began_at

    async def _until_held(self, daemon: Daemon, halt_id: str) -> None:
        while halt_id not in (await self.safety(daemon))["halts"]:
            await pause(0.002)

    async def until_open(self) -> None:
        async with asyncio.timeout(20):
            for daemon in (self.one, *self.others):
                while not (await self.safety(daemon))["gate"]["open"]:
                    await pause(0.05)

    async def measure(self, count: int, name: str) -> list[float]:
        took = [await self.stop_on_all_s() for _ in range(count)]
        p99 = 1000 * quantiles(took, n=100, method="inclusive")[98]
        print(f"\n{count} stops on one of three hosts, {name}: held by both others p99 {p99:.0f} ms")
        return took


@asynccontextmanager
async def three(folder: Path, dsn: str, redis: RedisProcess) -> AsyncIterator[Three]:
    async with hosts(3, folder, dsn, redis.url) as daemons, aiohttp.ClientSession() as http:
        found = Three(daemons, http)
        await found.until_open()
        yield found


@trials
async def test_a_stop_reaches_other_hosts_through_redis_and_without_it(
    open_path: Path, dsn: str, count: int
) -> None:
    with redis_process() as redis:
        async with three(open_path, dsn, redis) as world:
            whole = await world.measure(count, "all whole")
            redis.kill()
            without = await world.measure(count, "Redis down")
            await world.trip("global")
            await pause(1.0)
            states = [await world.safety(each) for each in world.others]

    assert max(whole) < 1
    assert max(without) < 2
    assert [(each["state"], each["gate"]["open"]) for each in states] == [("HALTED", False)] * 2


@trials
async def test_a_stop_reaches_other_hosts_while_the_database_is_down_and_silence_closes_the_gate(
    open_path: Path, count: int
) -> None:
    server = EmbeddedPostgres(open_path / "server", no_sync=True)
    dsn = await server.start()
    await migrate(dsn)
    with redis_process() as redis:
        async with three(open_path, dsn, redis) as world:
            await server.stop()
            took = await world.measure(count, "PostgreSQL down")
            redis.freeze()
            await pause(2.5)
            states = [await world.safety(each) for each in world.others]
            redis.thaw()

    assert max(took) < 1
    for state in states:
        assert "hosts: neither Redis nor the database was heard for 2 s" in state["gate"]["reasons"]

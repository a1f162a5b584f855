"""Hosts that hear one another through a Redis that dies, freezes, forgets and cuts them off."""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles

import pytest

from bench.ground import issue_token, stock_up
from bench.servers import Daemon
from leadboost.clock import SystemClock
from leadboost.mirror.client import RedisClients
from leadboost.store.database import Database
from tests.acceptance.ad_world import request
from tests.acceptance.followers import Follower, Seller, following, pause
from tests.acceptance.hosts import SECRET, hosts
from tests.redis_process import RedisProcess, cut_subscriptions, redis_process

PER_S = 20
VIEWERS = 4

short_and_drill = pytest.mark.parametrize(
    "long_s", [4.0, pytest.param(30.0, marks=pytest.mark.drill)], ids=["short", "drill"]
)


def p99_ms(seconds: list[float]) -> float:
    return 1000 * quantiles(seconds, n=100)[98]


async def until_all_have(followers: list[Follower], offset: int) -> None:
    async with asyncio.timeout(30):
        while any((each.since or 0) < offset for each in followers):
            await pause(0.02)


async def until_the_mirror_is_fresh(daemon: Daemon) -> None:
    async with asyncio.timeout(20):
        while "DEGRADED" in str(await asyncio.to_thread(request, daemon.url + "/health")):
            await pause(0.1)


async def break_redis(redis: RedisProcess, long_s: float, seller: Seller) -> dict[str, list[str]]:
    """Break it in every way, one after the other; returns the SKUs sold meanwhile, by the way."""
    sold: dict[str, list[str]] = {}

    async def while_(name: str, seconds: float) -> None:
        before = set(seller.sent)
        await pause(seconds)
        sold[name] = [sku for sku in seller.sent if sku not in before]

    await while_("whole", 3.0)
    clients = RedisClients(redis.url, clock=SystemClock())
    await cut_subscriptions(clients)
    await clients.close()
    await while_("pubsub killed", 2.0)
    redis.freeze()
    await while_("frozen", long_s)
    redis.thaw()
    await while_("thawed", 2.0)
    redis.kill()
    await while_("killed", long_s)
    await asyncio.to_thread(redis.start)
    await while_("back, empty", 4.0)
    return sold


@short_and_drill
async def test_whatever_becomes_of_redis_no_viewer_loses_an_event_and_sales_go_on(
    open_path: Path, dsn: str, long_s: float
) -> None:
    skus = [f"sku-{number:05d}" for number in range(round(PER_S * (14 + 2 * long_s)))]
    await asyncio.to_thread(stock_up, dsn, dict.fromkeys(skus, 1))
    with redis_process() as redis:
        async with hosts(2, open_path, dsn, redis.url) as (one, two):
            seller = Seller(one.url, issue_token(SECRET))
            async with (
                following(one.url, SECRET, VIEWERS) as (near, http),
                following(two.url, SECRET, VIEWERS) as (far, _),
            ):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(seller.sell(http, skus, PER_S))
                    sold = await break_redis(redis, long_s, seller)
                await until_all_have([*near, *far], len(skus))
                await until_the_mirror_is_fresh(two)

    wrongs: Counter[str] = sum((each.wrongs for each in [*near, *far]), Counter())
    print(f"\n{len(skus)} events, {2 * VIEWERS} viewers on 2 hosts:", dict(wrongs))
    for name, during in sold.items():
        took = p99_ms([seller.took[sku] for sku in during])
        late = p99_ms([each.arrivals[sku] - seller.sent[sku] for sku in during for each in far])
        print(f"  {name}: sale p99 {took:.0f} ms, sold on one host and told on the other p99 {late:.0f} ms")
    assert +wrongs == Counter()
    assert all(set(skus) == each.arrivals.keys() - {""} for each in [*near, *far])
    assert max(seller.took.values()) < 2


async def test_what_other_software_says_is_journalled_once_over_all_hosts_also_when_one_dies(
    open_path: Path, dsn: str, database: Database
) -> None:
    with redis_process() as redis:
        async with hosts(2, open_path, dsn, redis.url) as daemons:
            clients = RedisClients(redis.url, clock=SystemClock())
            await say(clients, range(20))
            for daemon in daemons:
                await until_told(daemon, list(range(20)))
            async with database.session() as session:
                holder = await session.fetchval("SELECT holder FROM leases WHERE name = 'external'")
            pid = int(holder.split(":")[1])
            (dead,) = (each for each in daemons if each.process is not None and each.process.pid == pid)
            dead.kill()
            await say(clients, range(20, 40))
            for daemon in daemons:
                if daemon is not dead:
                    await until_told(daemon, list(range(40)))
            await clients.close()


async def say(clients: RedisClients, numbers: range) -> None:
    for number in numbers:
        await clients.writing.publish("system_events", json.dumps({"number": number}))


async def until_told(daemon: Daemon, numbers: list[int]) -> None:
    """Wait until the journal tells these, each once, and all as they were said."""
    token = issue_token(SECRET)
    found: list[int] = []
    ends_at = time.monotonic() + 20
    while len(found) < len(numbers) and time.monotonic() < ends_at:
        await pause(0.1)
        page = await asyncio.to_thread(request, f"{daemon.url}/api/events?since=0", token=token)
        said = [each["data"]["message"] for each in page["events"] if each["kind"] == "external"]
        found = [each["number"] for each in said]
    assert found == numbers

"""Two daemons on one database: each source is polled by one of them, and a kill moves it to the other."""

import asyncio
import json
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from leadboost.standins.feed import FeedServer, Item, Page, rss
from leadboost.store.database import Database
from tests.acceptance.process import Process
from tests.redis_process import redis_process

FEEDS = ("news", "trade", "forum", "shop")
SHOWN = 200
EDITION_S = 0.2
MOVES_WITHIN_S = 15.0


class Press:
    """Feeds that go on printing, each on a server of its own: an edition has one item more than the one
    before, and shows the last 200."""

    def __init__(self) -> None:
        self.feeds = {name: FeedServer() for name in FEEDS}
        for feed in self.feeds.values():
            feed.requests = deque(maxlen=None)
        self.editions = 0
        self._printed_at = 0.0

    def print(self) -> None:
        """Bring out the next edition of every feed, five a second at most."""
        if time.monotonic() - self._printed_at < EDITION_S:
            return
        self._printed_at = time.monotonic()
        self.editions += 1
        numbers = range(self.editions, max(self.editions - SHOWN, 0), -1)
        for name, feed in self.feeds.items():
            items = [Item(guid=f"{name}-{each}", title=f"{name} tells of case {each}") for each in numbers]
            feed.pages["/"] = Page(body=rss(items))

    def askers(self) -> dict[str, list[str]]:
        """Who asked for each feed, in order."""
        return {
            name: [each.headers["user-agent"].split("+")[-1].rstrip(")") for each in feed.requests]
            for name, feed in self.feeds.items()
        }

    def environment(self, dsn: str, redis: str, name: str) -> dict[str, str]:
        """The variables of a daemon that polls them under a name."""
        urls = {name: feed.url("/") for name, feed in self.feeds.items()}
        hosts = [url.removeprefix("http://").rstrip("/") for url in urls.values()]
        return {
            "DATABASE_URL": dsn,
            "REDIS_URL": redis,
            "LEADBOOST_RADAR__AUTHOR_KEY": "5a" * 32,
            "LEADBOOST_CONNECTORS__CONTACT": name,
            "LEADBOOST_CONNECTORS__RSS__FEEDS": json.dumps(
                [{"name": name, "url": url} for name, url in urls.items()]
            ),
            "LEADBOOST_CONNECTORS__RSS__MIN_INTERVAL_S": "1",
            "LEADBOOST_CONNECTORS__ALLOW_HOSTS": json.dumps(hosts),
        }


async def heard(database: Database) -> list[str]:
    async with database.session() as session:
        rows = await session.fetch("SELECT external_id FROM raw_signals")
    return [row["external_id"] for row in rows]


async def until(reached: Callable[[], bool], database: Database, press: Press, within_s: float) -> float:
    """Go on printing until then; returns the seconds that it took."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while not reached():
            press.print()
            await heard(database)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "kills",
    [1, pytest.param(10, marks=[pytest.mark.drill, pytest.mark.timeout(900)])],
    ids=["short", "drill"],
)
async def test_a_kill_moves_every_source_within_15_s_and_loses_or_doubles_nothing(
    kills: int, dsn: str, database: Database, open_path: Path
) -> None:
    daemons: dict[str, Process] = {}
    moved: list[float] = []
    press = Press()

    async def start(name: str) -> None:
        daemons[name] = Process(open_path / name, "--port", "0", **press.environment(dsn, redis.url, name))
        await asyncio.to_thread(daemons[name].up)

    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_process())
        for feed in press.feeds.values():
            await stack.enter_async_context(feed)
        press.print()
        try:
            await start("host-a")
            await until(lambda: all(press.askers().values()), database, press, 30)
            await start("host-b")
            for number in range(kills):
                dead, alive = ("host-a", "host-b") if number % 2 == 0 else ("host-b", "host-a")
                daemons[dead].stop(signal.SIGKILL)
                moved.append(await until(partial(polled_by, press, alive), database, press, 60))
                daemons[dead].bury()
                await start(dead)
            expected = sorted(f"{name}-{each}" for name in FEEDS for each in range(1, press.editions + 1))
            async with asyncio.timeout(30):
                while len(found := await heard(database)) < len(expected):
                    pass
        finally:
            for daemon in daemons.values():
                daemon.process.kill()
                daemon.bury()
    turns = {name: [host for host, _ in groupby(asked)] for name, asked in press.askers().items()}
    print(f"moved within {max(moved):.1f} s at most, {len(found)} signals of {press.editions} editions")

    assert max(moved) <= MOVES_WITHIN_S
    assert sorted(found) == expected
    assert all(len(turn) == kills + 1 for turn in turns.values()), turns


def polled_by(press: Press, host: str) -> bool:
    return all(asked[-1] == host for asked in press.askers().values())

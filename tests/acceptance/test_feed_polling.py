"""A feed on loopback, polled by a real daemon."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp

from leadboost.clock import SystemClock
from leadboost.composition.hearing import make_pseudonyms
from leadboost.config import Settings
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.feed import FeedServer, Item, Page, rss
from tests.acceptance.process import Process


async def _get(
    session: aiohttp.ClientSession, url: str, data_dir: Path
) -> dict[str, list[dict[str, object]]]:
    token = Tokens(DataFolder(data_dir).signing_key(), SystemClock()).issue("test", Role.VIEWER, 60)
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        found: dict[str, list[dict[str, object]]] = await response.json()
        return found


async def test_feed_is_polled_into_raw_signals_and_304_is_honoured(
    start: Callable[..., Process], open_path: Path
) -> None:
    async with FeedServer() as feeds, aiohttp.ClientSession() as session:
        items = [Item(guid="a", title="Fans sell out", author="Ada"), Item(guid="b", title="Heat wave comes")]
        feeds.pages["/news"] = Page(body=rss(items), etag='W/"1"')
        host = feeds.url("").removeprefix("http://")
        daemon = start(
            LEADBOOST_CONNECTORS__RSS__FEEDS=json.dumps([{"name": "news", "url": feeds.url("/news")}]),
            LEADBOOST_CONNECTORS__RSS__MIN_INTERVAL_S="1",
            LEADBOOST_CONNECTORS__ALLOW_HOSTS=json.dumps([host]),
        )
        url = await asyncio.to_thread(daemon.up)

        async with asyncio.timeout(30):
            while list(feeds.statuses)[:2] != [200, 304]:
                await _get(session, url + "/api/sources", daemon.data_dir)
        signals = await _get(session, url + "/api/signals", daemon.data_dir)
        sources = await _get(session, url + "/api/sources", daemon.data_dir)

    assert {item["title"] for item in signals["items"]} == {"Fans sell out", "Heat wave comes"}
    assert feeds.requests[1].headers["if-none-match"] == 'W/"1"'
    authors = {item["title"]: item["author"] for item in signals["items"]}
    ada = make_pseudonyms(Settings(data_dir=daemon.data_dir)).author("ada")
    assert authors == {"Fans sell out": ada, "Heat wave comes": None}
    assert (daemon.data_dir / "author.key").stat().st_mode & 0o777 == 0o600
    assert (sources["items"][0]["state"], sources["items"][0]["accepted"]) == ("up", 2)

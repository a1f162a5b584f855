"""Outside services, stood in for on loopback and polled by a real daemon."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.google_trends import GoogleTrendsServer, Trend
from leadboost.standins.newsapi import Article, NewsApiServer
from leadboost.standins.reddit import Post, RedditServer
from leadboost.standins.x import XPost, XServer
from tests.acceptance.process import Process

SECRET = "sesame-sesame-sesame"


async def items(session: aiohttp.ClientSession, url: str, data_dir: Path) -> list[dict[str, object]]:
    token = Tokens(DataFolder(data_dir).signing_key(), SystemClock()).issue("test", Role.VIEWER, 60)
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        found: dict[str, list[dict[str, object]]] = await response.json()
        return found["items"]


async def test_configured_sources_are_polled_into_raw_signals(
    start: Callable[..., Process], open_path: Path
) -> None:
    now, clock = datetime.now(UTC) - timedelta(minutes=5), SystemClock()
    async with (
        RedditServer(
            client_id="app",
            client_secret=SECRET,
            clock=clock,
            posts=[Post(id="a", title="Which fan?", at=now, subreddit="fans")],
        ) as reddit,
        NewsApiServer(
            key=SECRET,
            clock=clock,
            articles=[Article(url="https://news.example/1", title="Fans run out", at=now)],
        ) as news,
        GoogleTrendsServer({"AR": [Trend(title="ventilador", at=now)]}) as trends,
        XServer(token=SECRET, clock=clock, posts=[XPost(text="Fan wanted", at=now)]) as x,
        aiohttp.ClientSession() as session,
    ):
        servers = (reddit, news, trends, x)
        sections: dict[str, dict[str, object]] = {
            "reddit": {
                "base_url": reddit.url,
                "token_url": f"{reddit.url}/api/v1/access_token",
                "client_id": "app",
                "client_secret": SECRET,
                "username": "shop_ops",
                "listings": [{"name": "fans", "subreddits": ["fans"]}],
            },
            "newsapi": {
                "base_url": news.url,
                "api_key": SECRET,
                "searches": [{"name": "fans", "query": "fans"}],
            },
            "google_trends": {"base_url": trends.url, "geos": ["AR"]},
            "x": {
                "base_url": x.url,
                "bearer_token": SECRET,
                "searches": [{"name": "fans", "query": "fan"}],
            },
        }
        hosts = [server.url.removeprefix("http://") for server in servers]
        daemon = start(LEADBOOST_CONNECTORS__ALLOW_HOSTS=json.dumps(hosts), **environment(sections))
        url = await asyncio.to_thread(daemon.up)

        async with asyncio.timeout(30):
            heard: list[dict[str, object]] = []
            while len(heard) < len(servers):
                heard = await items(session, url + "/api/signals", daemon.data_dir)
        sources = await items(session, url + "/api/sources", daemon.data_dir)

    assert {(item["source"], item["text"]) for item in heard} == {
        ("reddit.fans", "Which fan?"),
        ("newsapi.fans", "Fans run out"),
        ("google_trends.ar", "ventilador"),
        ("x.fans", "Fan wanted"),
    }
    assert {(each["kind"], each["state"]) for each in sources} == {(name, "up") for name in sections}
    assert [len(server.asked) for server in servers] == [2, 1, 1, 1]  # Reddit's token is asked for too


def environment(sections: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The variables that enable these connectors."""
    return {
        f"LEADBOOST_CONNECTORS__{name}__{key}".upper(): value if isinstance(value, str) else json.dumps(value)
        for name, section in sections.items()
        for key, value in {**section, "enabled": True}.items()
    }

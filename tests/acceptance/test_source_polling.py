"""Outside services, stood in for on loopback and polled by a real daemon."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.domain.webhook import sign
from leadboost.folder import DataFolder
from leadboost.standins.google_trends import GoogleTrendsServer, Trend
from leadboost.standins.newsapi import Article, NewsApiServer
from leadboost.standins.reddit import Post, RedditServer
from leadboost.standins.tiktok import TikTokServer, Video
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
        TikTokServer(
            client_key="key",
            client_secret=SECRET,
            clock=clock,
            refresh_token="rft.0",
            videos=[Video(number=1, text="Our fan at work", at=now)],
        ) as tiktok,
        aiohttp.ClientSession() as session,
    ):
        servers = (reddit, news, trends, x, tiktok)
        folder = open_path / "drop"
        folder.mkdir()
        (folder / "a.json").write_text('{"external_id": "1", "text": "A fan by file"}')
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
            "tiktok": {
                "base_url": tiktok.url,
                "client_key": "key",
                "client_secret": SECRET,
                "accounts": [{"name": "shop", "refresh_token": "rft.0"}],
            },
            "drop": {"folder": str(folder), "min_interval_s": 1},
        }
        hosts = [server.url.removeprefix("http://") for server in servers]
        daemon = start(LEADBOOST_CONNECTORS__ALLOW_HOSTS=json.dumps(hosts), **environment(sections))
        url = await asyncio.to_thread(daemon.up)

        async with asyncio.timeout(30):
            heard: list[dict[str, object]] = []
            while len(heard) < len(sections) or not (folder / "done" / "a.json").exists():
                heard = await items(session, url + "/api/signals", daemon.data_dir)
        sources = await items(session, url + "/api/sources", daemon.data_dir)

    assert {(item["source"], item["text"]) for item in heard} == {
        ("reddit.fans", "Which fan?"),
        ("newsapi.fans", "Fans run out"),
        ("google_trends.ar", "ventilador"),
        ("x.fans", "Fan wanted"),
        ("tiktok.shop", "Our fan at work"),
        ("drop.files", "A fan by file"),
    }
    assert {(each["kind"], each["state"]) for each in sources} == {(name, "up") for name in sections}
    assert [len(server.asked) for server in servers] == [2, 1, 1, 1, 2]  # two ask for their token too
    assert tiktok.refresh_token == "rft.1"  # it was replaced, and the old one is good no more


async def test_a_pushed_message_is_stored_once_however_often_it_is_delivered(
    start: Callable[..., Process],
) -> None:
    body, sent_at = b'{"external_id": "1", "text": "A fan, please"}', str(int(datetime.now(UTC).timestamp()))
    signature = sign(b"x" * 32, id="msg_1", timestamp=sent_at, body=body)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": sent_at,
        "webhook-signature": signature,
    }
    secret = "whsec_" + b64encode(b"x" * 32).decode()
    daemon = start(**environment({"push": {"senders": [{"name": "crm", "secrets": [secret]}]}}))
    url = await asyncio.to_thread(daemon.up)

    async with aiohttp.ClientSession() as session:
        answers = []
        for _ in range(2):
            async with session.post(f"{url}/hooks/signals/crm", data=body, headers=headers) as response:
                answers.append((response.status, await response.json()))
        stored = await items(session, url + "/api/signals", daemon.data_dir)

    assert answers == [(202, {"accepted": 1, "duplicates": 0, "rejected": []})] * 2
    assert [(each["source"], each["text"]) for each in stored] == [("push.crm", "A fan, please")]


def environment(sections: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The variables that enable these connectors."""
    return {
        f"LEADBOOST_CONNECTORS__{name}__{key}".upper(): value if isinstance(value, str) else json.dumps(value)
        for name, section in sections.items()
        for key, value in {**section, "enabled": True}.items()
    }

"""Outside services with a credential, stood in for on loopback and polled by a real daemon."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.reddit import Post, RedditServer
from tests.acceptance.process import Process

SECRET = "sesame-sesame-sesame"


async def items(session: aiohttp.ClientSession, url: str, data_dir: Path) -> list[dict[str, object]]:
    token = Tokens(DataFolder(data_dir).signing_key(), SystemClock()).issue("test", Role.VIEWER, 60)
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        found: dict[str, list[dict[str, object]]] = await response.json()
        return found["items"]


async def test_configured_source_is_polled_into_raw_signals(
    start: Callable[..., Process], open_path: Path
) -> None:
    post = Post(id="a", title="Which fan?", at=datetime.now(UTC), subreddit="fans")
    reddit = RedditServer(client_id="app", client_secret=SECRET, clock=SystemClock(), posts=[post])
    async with reddit, aiohttp.ClientSession() as session:
        daemon = start(
            LEADBOOST_CONNECTORS__REDDIT__ENABLED="true",
            LEADBOOST_CONNECTORS__REDDIT__BASE_URL=reddit.url,
            LEADBOOST_CONNECTORS__REDDIT__TOKEN_URL=f"{reddit.url}/api/v1/access_token",
            LEADBOOST_CONNECTORS__REDDIT__CLIENT_ID="app",
            LEADBOOST_CONNECTORS__REDDIT__CLIENT_SECRET=SECRET,
            LEADBOOST_CONNECTORS__REDDIT__USERNAME="shop_ops",
            LEADBOOST_CONNECTORS__REDDIT__LISTINGS=json.dumps([{"name": "fans", "subreddits": ["fans"]}]),
            LEADBOOST_CONNECTORS__ALLOW_HOSTS=json.dumps([reddit.url.removeprefix("http://")]),
        )
        url = await asyncio.to_thread(daemon.up)

        async with asyncio.timeout(30):
            heard: list[dict[str, object]] = []
            while not heard:
                heard = await items(session, url + "/api/signals", daemon.data_dir)
        sources = await items(session, url + "/api/sources", daemon.data_dir)

    assert [(item["source"], item["title"]) for item in heard] == [("reddit.fans", "Which fan?")]
    assert [(each["kind"], each["state"]) for each in sources] == [("reddit", "up")]

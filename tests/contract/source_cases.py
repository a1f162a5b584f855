"""The polled connectors, each beside its stand-in, in one shape for the conformance suite."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

from leadboost.clock import Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.google_trends import GoogleTrendsSource
from leadboost.connectors.newsapi import NewsApiAccess, NewsApiSource
from leadboost.connectors.newsapi.access import HALF_DAY_S
from leadboost.connectors.reddit import RedditAccess, RedditSource
from leadboost.connectors.reddit.feed import feed_url
from leadboost.connectors.rss import RssSource
from leadboost.connectors.tiktok import TikTokAccess, TikTokSource
from leadboost.connectors.tiktok_research import ResearchAccess, TikTokResearchSource
from leadboost.connectors.x import XAccess, XSource
from leadboost.connectors.x.access import DAY_S
from leadboost.errors import StoreUnavailableError
from leadboost.ports import Grant, Source
from leadboost.runtime.testing import FakeClock
from leadboost.standins.api import ApiServer, Handler
from leadboost.standins.feed import Item
from leadboost.standins.feed import rss as write_rss
from leadboost.standins.google_trends import GoogleTrendsServer, Trend
from leadboost.standins.newsapi import Article, NewsApiServer
from leadboost.standins.reddit import Post, RedditServer
from leadboost.standins.tiktok import TikTokServer, Video
from leadboost.standins.x import XPost, XServer

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECRET = "sesame-sesame-sesame"
DEADLINE_S = 1.0

Drift = Callable[[bytes], bytes]


class Hours(FakeClock):
    """A clock whose ``advance`` moves the monotonic side too, as hours that go by do."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def advance(self, seconds: float) -> None:
        self.now()  # so that it has begun
        self.ahead_s += seconds


class MemoryQuotas:
    """``QuotaStore`` in memory."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, datetime], int] = {}

    async def take(self, name: str, *, period: datetime, units: int, limit: int) -> bool:
        used = self.used.get((name, period), 0) + units
        if used <= limit:
            self.used[name, period] = used
        return used <= limit

    async def give_back(self, name: str, *, period: datetime, units: int) -> None:
        self.used[name, period] -= units


@dataclass(kw_only=True)
class Case:
    """One connector at its stand-in.

    ``fill`` gives the stand-in items of these dates, newest first. ``drift`` spoils the second item of an
    answer and adds fields that nobody knows. ``most`` is how many items one question ever gives.
    ``puts_off`` tells whether an item dated far ahead is left for later; one that was paid for is not, and
    comes without its date. ``appears_after_s`` later, an item three days ahead is one to hear: less than a
    day ahead, or where a service shows whole days only, once its day has come. ``drift_costs`` is how many
    of three items the drift costs, and ``reads_parts`` tells whether a truncated body gives what it holds.
    """

    source: Source
    server: ApiServer
    clock: FakeClock
    fill: Callable[[list[datetime]], None]
    drift: Drift
    most: int
    puts_off: bool = True
    appears_after_s: float = 2.5 * 86_400
    drift_costs: int = 1
    reads_parts: bool = False
    secrets: tuple[str, ...] = (SECRET,)
    revoke: Callable[[], None] | None = None
    cursor: Mapping[str, object] = field(default_factory=dict)


def drift_rows(*path: str, spoil: Mapping[str, object]) -> Drift:
    """Spoil the second row of the list at ``path``."""

    def drift(body: bytes) -> bytes:
        found = json.loads(body)
        rows = found
        for name in path:
            rows = rows[name]
        rows[1] = {**rows[1], **spoil}
        rows[0]["unheard_of"] = {"nested": [1, None]}
        return json.dumps({**found, "also_new": True}).encode()

    return drift


@asynccontextmanager
async def client_of(clock: FakeClock) -> AsyncIterator[WebClient]:
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0)
    client = WebClient(policy, guard=EgressGuard(allow_hosts=["127.0.0.1"]), clock=clock, rng=Rng(1))
    try:
        yield client
    finally:
        await client.close()


def posts(server: RedditServer, dates: list[datetime]) -> None:
    server.posts = [
        Post(id=f"p{len(dates) - number}", title=f"Post {number}", at=at) for number, at in enumerate(dates)
    ]


@asynccontextmanager
async def reddit(clock: FakeClock) -> AsyncIterator[Case]:
    server = RedditServer(client_id="app", client_secret=SECRET, clock=clock)
    async with client_of(clock) as client, server:
        access = RedditAccess(
            client=client,
            clock=clock,
            base_url=server.url,
            token_url=f"{server.url}/api/v1/access_token",
            client_id="app",
            client_secret=SECRET,
            user_agent="server:leadboost:v1 (by /u/shop_ops)",
            timeout_s=DEADLINE_S,
        )

        yield Case(
            source=RedditSource(
                name="reddit.coffee", access=access, clock=clock, rng=Rng(2), subreddits=["coffee"]
            ),
            server=server,
            clock=clock,
            fill=lambda dates: posts(server, dates),
            drift=drift_rows("data", "children", spoil={"data": {"name": 7, "title": None}}),
            most=1_000,
            secrets=(SECRET, "token-1", "token-2"),
            revoke=server.revoke,
        )


@asynccontextmanager
async def newsapi(clock: FakeClock) -> AsyncIterator[Case]:
    server = NewsApiServer(key=SECRET, clock=clock, plan_articles=250)
    async with client_of(clock) as client, server:
        access = NewsApiAccess(
            client=client,
            base_url=server.url,
            api_key=SECRET,
            allowance=Allowance(
                "newsapi.calls", limit=50, period_s=HALF_DAY_S, quotas=MemoryQuotas(), clock=clock
            ),
            timeout_s=DEADLINE_S,
        )

        def fill(dates: list[datetime]) -> None:
            server.articles = [
                Article(url=f"https://news.example/{len(dates) - number}", title=f"Fan {number}", at=at)
                for number, at in enumerate(dates)
            ]

        yield Case(
            source=NewsApiSource(
                name="newsapi.fans", access=access, clock=clock, rng=Rng(2), query="fan", most_articles=300
            ),
            server=server,
            clock=clock,
            fill=fill,
            drift=drift_rows("articles", spoil={"url": 7, "title": {"no": "text"}, "source": "x"}),
            most=250,
        )


@asynccontextmanager
async def google_trends(clock: FakeClock) -> AsyncIterator[Case]:
    server = GoogleTrendsServer()
    async with client_of(clock) as client, server:

        def fill(dates: list[datetime]) -> None:
            server.trends["AR"] = [
                Trend(title=f"ventilador {len(dates) - number}", at=at) for number, at in enumerate(dates)
            ]

        def drift(body: bytes) -> bytes:
            first, second, third = body.split(b"<item>")[1:4]
            spoiled = second.replace(b"<pubDate>", b"<pubDate>someday ").replace(b"title>", b"heading>")
            items = b"<item>".join([b"", b"<ht:new kind='1'>x</ht:new>" + first, spoiled, third])
            return body.split(b"<item>")[0] + items

        yield Case(
            source=GoogleTrendsSource(
                geo="AR", client=client, base_url=server.url, clock=clock, rng=Rng(2), timeout_s=DEADLINE_S
            ),
            server=server,
            clock=clock,
            fill=fill,
            drift=drift,
            most=10,
        )


@asynccontextmanager
async def x(clock: FakeClock) -> AsyncIterator[Case]:
    server = XServer(token=SECRET, clock=clock)
    async with client_of(clock) as client, server:
        access = XAccess(
            client=client,
            clock=clock,
            base_url=server.url,
            bearer_token=SECRET,
            spending=Allowance(
                "x.usd_micros", limit=2_000_000, period_s=DAY_S, quotas=MemoryQuotas(), clock=clock
            ),
            post_micros=5_000,
            timeout_s=DEADLINE_S,
        )

        def fill(dates: list[datetime]) -> None:
            server.posts = [XPost(text=f"Fan {number}", at=at) for number, at in enumerate(dates)]

        yield Case(
            source=XSource(
                name="x.fans",
                access=access,
                clock=clock,
                rng=Rng(2),
                query="fan",
                page_posts=100,
                lookback_s=500_000,
            ),
            server=server,
            clock=clock,
            fill=fill,
            drift=drift_rows("data", spoil={"id": 7, "text": None, "public_metrics": "many"}),
            most=250,
            puts_off=False,
        )


class FeedPage(ApiServer):
    """One feed; ``items`` are written anew for each answer."""

    items: Sequence[Item] = ()

    def routes(self) -> list[tuple[str, str, Handler, bool]]:
        return [("GET", "/feed", self._feed, True)]

    def _feed(self, _: web.Request) -> web.Response:
        return web.Response(body=write_rss(self.items), content_type="application/rss+xml")


@asynccontextmanager
async def rss(clock: FakeClock) -> AsyncIterator[Case]:
    async with client_of(clock) as client, FeedPage() as server:

        def fill(dates: list[datetime]) -> None:
            server.items = [
                Item(guid=f"urn:{len(dates) - number}", title=f"Post {number}", at=at)
                for number, at in enumerate(dates)
            ]

        def drift(body: bytes) -> bytes:
            first, second, third = body.split(b"<item>")[1:4]
            spoiled = second.replace(
                b"<pubDate>", b"<new kind='1'><pubDate>x</pubDate></new><pubDate>someday "
            )
            return body.split(b"<item>")[0] + b"<item>".join([b"", first, spoiled, third])

        yield Case(
            source=RssSource(
                name="feed",
                url=f"{server.url}/feed",
                client=client,
                clock=clock,
                rng=Rng(2),
                timeout_s=DEADLINE_S,
            ),
            server=server,
            clock=clock,
            fill=fill,
            drift=drift,
            most=250,
            drift_costs=0,
            reads_parts=True,
        )


@asynccontextmanager
async def reddit_rss(clock: FakeClock) -> AsyncIterator[Case]:
    server = RedditServer(client_id="app", client_secret=SECRET, clock=clock)
    async with client_of(clock) as client, server:

        def drift(body: bytes) -> bytes:
            first, second, third = body.split(b"<entry>")[1:4]
            spoiled = second.replace(b"<published>", b"<published>someday ")
            return body.split(b"<entry>")[0] + b"<entry>".join(
                [b"", b"<new kind='1'/>" + first, spoiled, third]
            )

        yield Case(
            source=RssSource(
                kind="reddit_rss",
                name="reddit.coffee",
                url=feed_url(server.url, ["coffee"], None),
                client=client,
                clock=clock,
                rng=Rng(2),
                timeout_s=DEADLINE_S,
            ),
            server=server,
            clock=clock,
            fill=lambda dates: posts(server, dates),
            drift=drift,
            most=25,
            drift_costs=0,
            reads_parts=True,
        )


class MemoryGrants:
    """``GrantStore`` in memory; ``away`` lets it fail."""

    def __init__(self) -> None:
        self.saved: dict[str, Grant] = {}
        self.away = False

    async def load(self, name: str) -> Grant | None:
        return self.saved.get(name)

    async def save(self, name: str, grant: Grant, *, replaces: str | None) -> None:
        if self.away:
            raise StoreUnavailableError("the database is away")
        saved = self.saved.get(name)
        if saved is None or saved.refresh_token == replaces:
            self.saved[name] = grant


def videos(server: TikTokServer, dates: list[datetime]) -> None:
    server.videos = [
        Video(number=len(dates) - number, text=f"Termo {number}", at=at) for number, at in enumerate(dates)
    ]


@asynccontextmanager
async def tiktok(clock: FakeClock) -> AsyncIterator[Case]:
    server = TikTokServer(client_key="key", client_secret=SECRET, clock=clock, refresh_token="rft.0-secret")
    async with client_of(clock) as client, server:
        access = TikTokAccess(
            name="tiktok.shop",
            client=client,
            clock=clock,
            grants=MemoryGrants(),
            base_url=server.url,
            client_key="key",
            client_secret=SECRET,
            refresh_token="rft.0-secret",
            timeout_s=DEADLINE_S,
        )
        yield Case(
            source=TikTokSource(name="tiktok.shop", account="shop", access=access, clock=clock, rng=Rng(2)),
            server=server,
            clock=clock,
            fill=lambda dates: videos(server, dates),
            drift=drift_rows("data", "videos", spoil={"id": {"no": 1}, "title": 7, "view_count": "many"}),
            most=250,
            secrets=(SECRET, "rft.", "clt."),
            revoke=server.revoke,
        )


@asynccontextmanager
async def tiktok_research(clock: FakeClock) -> AsyncIterator[Case]:
    server = TikTokServer(client_key="key", client_secret=SECRET, clock=clock)
    async with client_of(clock) as client, server:
        access = ResearchAccess(
            client=client,
            clock=clock,
            base_url=server.url,
            client_key="key",
            client_secret=SECRET,
            allowance=Allowance(
                "tiktok_research.calls", limit=1_000, period_s=DAY_S, quotas=MemoryQuotas(), clock=clock
            ),
            timeout_s=DEADLINE_S,
        )
        yield Case(
            source=TikTokResearchSource(
                name="tiktok_research.mate", access=access, clock=clock, rng=Rng(2), keywords=["termo"]
            ),
            server=server,
            clock=clock,
            fill=lambda dates: videos(server, dates),
            drift=drift_rows("data", "videos", spoil={"id": "7", "video_description": None}),
            most=250,
            appears_after_s=3 * 86_400,
            secrets=(SECRET, "clt."),
            revoke=server.revoke,
        )


CASES = {
    "rss": rss,
    "reddit": reddit,
    "reddit_rss": reddit_rss,
    "newsapi": newsapi,
    "google_trends": google_trends,
    "x": x,
    "tiktok": tiktok,
    "tiktok_research": tiktok_research,
}


def dates(count: int, newest: datetime = NOW - timedelta(minutes=1)) -> list[datetime]:
    """A minute apart, newest first."""
    return [newest - timedelta(minutes=number) for number in range(count)]

"""Connectors of polled sources, from the settings; for the daemon and for commands that do without it."""

from collections.abc import Iterator, Sequence

from leadboost import __version__
from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.client.allowance import Allowance
from leadboost.connectors.drop import DropSource
from leadboost.connectors.google_trends import GoogleTrendsSource
from leadboost.connectors.newsapi import NewsApiAccess, NewsApiSource
from leadboost.connectors.newsapi.access import HALF_DAY_S
from leadboost.connectors.push import PushSource
from leadboost.connectors.reddit import RedditAccess, RedditSource
from leadboost.connectors.reddit.feed import FEED_INTERVAL_S, feed_url
from leadboost.connectors.rss import RssSource
from leadboost.connectors.tiktok import TikTokAccess, TikTokSource
from leadboost.connectors.tiktok_research import ResearchAccess, TikTokResearchSource
from leadboost.connectors.tiktok_research.access import DAY_S as RESEARCH_DAY_S
from leadboost.connectors.x import XAccess, XSource
from leadboost.connectors.x.access import DAY_S
from leadboost.ports import GrantStore, PushTallies, QuotaStore, Source
from leadboost.settings.connectors import ConnectorsSettings


def make_source_client(connectors: ConnectorsSettings, *, clock: Clock, rng: Rng) -> WebClient:
    """The client of all polled sources. Whoever makes it closes it."""
    contact = f" (+{connectors.contact})" if connectors.contact else ""
    return WebClient(
        ClientPolicy(user_agent=f"LeadBoost/{__version__}{contact}"),
        guard=EgressGuard(allow_hosts=connectors.allow_hosts),
        clock=clock,
        rng=rng,
    )


def make_sources(
    connectors: ConnectorsSettings,
    *,
    client: WebClient,
    quotas: QuotaStore,
    grants: GrantStore,
    tallies: PushTallies,
    clock: Clock,
    rng: Rng,
) -> Sequence[Source]:
    """Every source that is enabled. All names but those of feeds hold a dot, so that none is there twice."""
    return [
        *_feeds(connectors, client, clock, rng),
        *_reddit(connectors, client, clock, rng),
        *_newsapi(connectors, client, quotas, clock, rng),
        *_google_trends(connectors, client, clock, rng),
        *_x(connectors, client, quotas, clock, rng),
        *_drop(connectors, clock),
        *_push(connectors, tallies),
        *_tiktok(connectors, client, grants, clock, rng),
        *_tiktok_research(connectors, client, quotas, clock, rng),
    ]


def _feeds(connectors: ConnectorsSettings, client: WebClient, clock: Clock, rng: Rng) -> Iterator[Source]:
    rss = connectors.rss
    for feed in rss.feeds if rss.enabled else ():
        yield RssSource(
            name=feed.name,
            url=feed.url,
            client=client,
            clock=clock,
            rng=rng.fork(f"rss/{feed.name}"),
            min_interval_s=rss.min_interval_s,
            timeout_s=rss.timeout_s,
        )


def _reddit(connectors: ConnectorsSettings, client: WebClient, clock: Clock, rng: Rng) -> Iterator[Source]:
    reddit = connectors.reddit
    if reddit.rss_fallback and not reddit.enabled:
        yield from _reddit_feeds(connectors, client, clock, rng)
    if not reddit.enabled or reddit.client_id is None or reddit.client_secret is None:
        return
    access = RedditAccess(
        client=client,
        clock=clock,
        base_url=reddit.base_url,
        token_url=reddit.token_url,
        client_id=reddit.client_id,
        client_secret=reddit.client_secret.get_secret_value(),
        user_agent=f"server:leadboost:v{__version__} (by /u/{reddit.username})",
        timeout_s=reddit.timeout_s,
    )
    for listing in reddit.listings:
        yield RedditSource(
            name=f"reddit.{listing.name}",
            access=access,
            clock=clock,
            rng=rng.fork(f"reddit/{listing.name}"),
            subreddits=listing.subreddits,
            query=listing.query,
            min_interval_s=reddit.min_interval_s,
            overlap_s=reddit.overlap_s,
        )


def _reddit_feeds(
    connectors: ConnectorsSettings, client: WebClient, clock: Clock, rng: Rng
) -> Iterator[Source]:
    reddit = connectors.reddit
    for listing in reddit.listings:
        yield RssSource(
            kind="reddit_rss",
            name=f"reddit.{listing.name}",
            url=feed_url(reddit.site_url, listing.subreddits, listing.query),
            client=client,
            clock=clock,
            rng=rng.fork(f"reddit/{listing.name}"),
            min_interval_s=max(reddit.min_interval_s, FEED_INTERVAL_S),
            timeout_s=reddit.timeout_s,
        )


def _newsapi(
    connectors: ConnectorsSettings, client: WebClient, quotas: QuotaStore, clock: Clock, rng: Rng
) -> Iterator[Source]:
    newsapi = connectors.newsapi
    if not newsapi.enabled or newsapi.api_key is None:
        return
    access = NewsApiAccess(
        client=client,
        base_url=newsapi.base_url,
        api_key=newsapi.api_key.get_secret_value(),
        allowance=Allowance(
            "newsapi.calls", limit=newsapi.half_day_calls, period_s=HALF_DAY_S, quotas=quotas, clock=clock
        ),
        timeout_s=newsapi.timeout_s,
    )
    for search in newsapi.searches:
        yield NewsApiSource(
            name=f"newsapi.{search.name}",
            access=access,
            clock=clock,
            rng=rng.fork(f"newsapi/{search.name}"),
            query=search.query,
            language=search.language,
            domains=search.domains,
            most_articles=newsapi.most_articles,
            min_interval_s=newsapi.min_interval_s,
            overlap_s=newsapi.overlap_s,
        )


def _google_trends(
    connectors: ConnectorsSettings, client: WebClient, clock: Clock, rng: Rng
) -> Iterator[Source]:
    trends = connectors.google_trends
    for geo in trends.geos if trends.enabled else ():
        yield GoogleTrendsSource(
            geo=geo,
            client=client,
            base_url=trends.base_url,
            clock=clock,
            rng=rng.fork(f"google_trends/{geo}"),
            min_interval_s=trends.min_interval_s,
            timeout_s=trends.timeout_s,
        )


def _x(
    connectors: ConnectorsSettings, client: WebClient, quotas: QuotaStore, clock: Clock, rng: Rng
) -> Iterator[Source]:
    x = connectors.x
    if not x.enabled or x.bearer_token is None:
        return
    access = XAccess(
        client=client,
        clock=clock,
        base_url=x.base_url,
        bearer_token=x.bearer_token.get_secret_value(),
        spending=Allowance(
            "x.usd_micros", limit=x.daily_cents * 10_000, period_s=DAY_S, quotas=quotas, clock=clock
        ),
        post_micros=x.post_micros,
        timeout_s=x.timeout_s,
    )
    for search in x.searches:
        yield XSource(
            name=f"x.{search.name}",
            access=access,
            clock=clock,
            rng=rng.fork(f"x/{search.name}"),
            query=search.query,
            page_posts=x.page_posts,
            lookback_s=x.lookback_s,
            min_interval_s=x.min_interval_s,
            overlap_s=x.overlap_s,
        )


def _drop(connectors: ConnectorsSettings, clock: Clock) -> Iterator[Source]:
    drop = connectors.drop
    if drop.enabled and drop.folder is not None:
        yield DropSource(
            name="drop.files", folder=drop.folder, clock=clock, min_interval_s=drop.min_interval_s
        )


def _push(connectors: ConnectorsSettings, tallies: PushTallies) -> Iterator[Source]:
    for sender in connectors.push.senders if connectors.push.enabled else ():
        yield PushSource(sender=sender.name, tallies=tallies)


def _tiktok(
    connectors: ConnectorsSettings, client: WebClient, grants: GrantStore, clock: Clock, rng: Rng
) -> Iterator[Source]:
    tiktok = connectors.tiktok
    if not tiktok.enabled or tiktok.client_key is None or tiktok.client_secret is None:
        return
    for account in tiktok.accounts:
        name = f"tiktok.{account.name}"
        access = TikTokAccess(
            name=name,
            client=client,
            clock=clock,
            grants=grants,
            base_url=tiktok.base_url,
            client_key=tiktok.client_key,
            client_secret=tiktok.client_secret.get_secret_value(),
            refresh_token=account.refresh_token.get_secret_value() if account.refresh_token else "",
            timeout_s=tiktok.timeout_s,
        )
        yield TikTokSource(
            name=name,
            account=account.name,
            access=access,
            clock=clock,
            rng=rng.fork(f"tiktok/{account.name}"),
            min_interval_s=tiktok.min_interval_s,
            overlap_s=tiktok.overlap_s,
        )


def _tiktok_research(
    connectors: ConnectorsSettings, client: WebClient, quotas: QuotaStore, clock: Clock, rng: Rng
) -> Iterator[Source]:
    research = connectors.tiktok_research
    if not research.enabled or research.client_key is None or research.client_secret is None:
        return
    access = ResearchAccess(
        client=client,
        clock=clock,
        base_url=research.base_url,
        client_key=research.client_key,
        client_secret=research.client_secret.get_secret_value(),
        allowance=Allowance(
            "tiktok_research.calls",
            limit=research.daily_calls,
            period_s=RESEARCH_DAY_S,
            quotas=quotas,
            clock=clock,
        ),
        timeout_s=research.timeout_s,
    )
    for search in research.searches:
        yield TikTokResearchSource(
            name=f"tiktok_research.{search.name}",
            access=access,
            clock=clock,
            rng=rng.fork(f"tiktok_research/{search.name}"),
            keywords=search.keywords,
            regions=search.regions,
            lookback_days=research.lookback_days,
            overlap_days=research.overlap_days,
            min_interval_s=research.min_interval_s,
        )

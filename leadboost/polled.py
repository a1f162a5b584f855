"""Connectors of polled sources, from the settings; for the daemon and for commands that do without it."""

from collections.abc import Iterator, Sequence

from leadboost import __version__
from leadboost.clock import Clock, Rng
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.reddit import RedditAccess, RedditSource
from leadboost.connectors.rss import RssSource
from leadboost.ports import Source
from leadboost.settings import ConnectorsSettings


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
    connectors: ConnectorsSettings, *, client: WebClient, clock: Clock, rng: Rng
) -> Sequence[Source]:
    """Every source that is enabled. All names but those of feeds hold a dot, so that none is there twice."""
    return [
        *_feeds(connectors, client, clock, rng),
        *_reddit(connectors, client, clock, rng),
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
        )

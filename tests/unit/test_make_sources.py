from collections.abc import Sequence
from typing import Any

import pytest

from leadboost.adapters.sources import make_source_client, make_sources
from leadboost.clock import Rng, SystemClock
from leadboost.connectors.reddit.feed import feed_url
from leadboost.ports import Source
from leadboost.settings.connectors import ConnectorsSettings
from leadboost.settings.connectors.section import SourceSection

EVERYTHING: dict[str, dict[str, Any]] = {
    "rss": {"feeds": [{"name": "news", "url": "https://news.example/feed"}]},
    "reddit": {
        "client_id": "app",
        "client_secret": "secret",
        "username": "shop_ops",
        "listings": [{"name": "coffee", "subreddits": ["coffee"]}],
    },
    "newsapi": {"api_key": "key", "searches": [{"name": "fans", "query": "fans"}]},
    "google_trends": {"geos": ["US-NY"]},
    "x": {"bearer_token": "token", "searches": [{"name": "brand", "query": "fans"}]},
    "drop": {"folder": "/srv/drop"},
    "push": {"senders": [{"name": "crm", "secrets": ["whsec_cmVwbGFjZS1tZS1ieS0yNC1yYW5kb20tYnl0ZXM="]}]},
    "tiktok": {
        "client_key": "key",
        "client_secret": "secret",
        "accounts": [{"name": "shop", "refresh_token": "rft.1"}],
    },
    "tiktok_research": {
        "client_key": "key",
        "client_secret": "secret",
        "licence_confirmed": True,
        "searches": [{"name": "mate", "keywords": ["mate"]}],
    },
}


async def sources_of(sections: dict[str, dict[str, Any]]) -> Sequence[Source]:
    connectors = ConnectorsSettings.model_validate(sections)
    clock, rng = SystemClock(), Rng(1)
    client = make_source_client(connectors, clock=clock, rng=rng)
    none: Any = None  # nothing is polled here
    return make_sources(
        connectors, client=client, quotas=none, grants=none, tallies=none, clock=clock, rng=rng
    )


async def test_every_section_makes_the_sources_that_it_names() -> None:
    enabled = {name: section | {"enabled": True} for name, section in EVERYTHING.items()}
    connectors = ConnectorsSettings.model_validate(enabled)
    sections = [section for _, section in connectors if isinstance(section, SourceSection)]

    sources = await sources_of(enabled)

    assert [source.name for source in sources] == [
        name for section in sections for name in section.source_names()
    ]
    assert [source.kind for source in sources] == list(EVERYTHING)


async def test_nothing_but_feeds_is_polled_unless_it_is_enabled() -> None:
    assert [source.kind for source in await sources_of(EVERYTHING)] == ["rss"]


async def test_without_a_credential_reddit_is_read_from_its_feeds_if_asked_for() -> None:
    listings = EVERYTHING["reddit"]["listings"]

    (source,) = await sources_of({"reddit": {"listings": listings, "rss_fallback": True}})

    assert (source.kind, source.name) == ("reddit_rss", "reddit.coffee")


@pytest.mark.parametrize(
    ("subreddits", "query", "path"),
    [
        (["a", "b"], None, "/r/a+b/new/.rss"),
        (["a"], "fan & heat", "/r/a/search.rss?q=fan+%26+heat&sort=new&restrict_sr=on"),
        ([], "fan", "/search.rss?q=fan&sort=new"),
    ],
)
def test_the_feed_of_a_listing_is_what_the_api_would_be_asked_for(
    subreddits: list[str], query: str | None, path: str
) -> None:
    assert feed_url("https://reddit.example", subreddits, query) == "https://reddit.example" + path

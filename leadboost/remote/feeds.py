"""Whether the configured feeds can be read from here."""

import asyncio

from leadboost.adapters.sources import make_source_client
from leadboost.clock import Clock, Rng
from leadboost.connectors.rss.source import RssSource
from leadboost.errors import SourceError
from leadboost.settings.connectors import ConnectorsSettings

DEADLINE_S = 5.0


async def feed_states(connectors: ConnectorsSettings, clock: Clock) -> dict[str, str]:
    """Read each feed once, under the rules that polling obeys; each value is ``ok...`` or the fault."""
    feeds = connectors.rss.feeds if connectors.rss.enabled else ()
    client = make_source_client(connectors, clock=clock, rng=Rng())
    timeout_s = min(DEADLINE_S, connectors.rss.timeout_s)
    sources = [
        RssSource(name=feed.name, url=feed.url, client=client, clock=clock, rng=Rng(), timeout_s=timeout_s)
        for feed in feeds
    ]
    try:
        states = await asyncio.gather(*map(_state, sources))
    finally:
        await client.close()
    return {f"feed {source.name}": state for source, state in zip(sources, states, strict=True)}


async def _state(source: RssSource) -> str:
    try:
        fetched = await source.fetch({})
    except SourceError as error:
        return error.reason
    note = f", {fetched.note}" if fetched.note else ""
    return f"ok, {len(fetched.items)} item(s){note}"

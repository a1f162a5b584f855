"""In the demo profile the outside is made up."""

from pydantic import SecretStr

from leadboost.config import Settings
from leadboost.settings.connectors import ExpectationSettings
from leadboost.settings.connectors.acting import MetaAdsSettings
from leadboost.settings.connectors.hearing import FeedSettings
from leadboost.standins.world import World


def pointed_at(world: World, settings: Settings) -> Settings:
    """The same settings with the world's ad account and feeds: a demo never touches a real account."""
    meta = MetaAdsSettings(
        base_url=world.ads.url,
        access_token=SecretStr(world.ads_token),
        account_id=world.account_id,
        enabled=True,
    )
    feeds = [FeedSettings(name=name, url=url) for name, url in world.feeds.items()]
    connectors = settings.connectors
    rss = connectors.rss.model_copy(update={"feeds": (*connectors.rss.feeds, *feeds)})
    hosts = (*connectors.allow_hosts, "127.0.0.1")
    rates = [
        ExpectationSettings(source=source, per_day=rate) for source, rate in world.expected_per_day.items()
    ]
    expected = (*connectors.expected, *rates)
    pointed = connectors.model_copy(
        update={"meta_ads": meta, "rss": rss, "allow_hosts": hosts, "expected": expected}
    )
    return settings.model_copy(update={"connectors": pointed})

"""What can be set of the outside services: a section for each, off unless it needs nothing.

``enabled`` stands last in a section that needs something, so that what it needs has been read: a fault is
then its own, and without it there is none.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from leadboost.settings.connectors.acting import GoogleAdsSettings, MetaAdsSettings, TikTokAdsSettings
from leadboost.settings.connectors.alerting import (
    PagerDutySettings,
    SlackSettings,
    SmtpSettings,
    WebhookSettings,
)
from leadboost.settings.connectors.copying import FirestoreSettings
from leadboost.settings.connectors.drop import DropSettings
from leadboost.settings.connectors.hearing import (
    GoogleTrendsSettings,
    NewsApiSettings,
    RedditSettings,
    RssSettings,
    XSettings,
)
from leadboost.settings.connectors.push import PushSettings
from leadboost.settings.connectors.section import SourceSection
from leadboost.settings.connectors.selling import ShopSettings
from leadboost.settings.connectors.tiktok import TikTokResearchSettings, TikTokSettings
from leadboost.settings.section import Seconds, Section, host_text, one_line, refuse_truth, refuse_twins

__all__ = ["ConnectorsSettings", "ExpectationSettings"]


class ExpectationSettings(Section):
    """How often a source brings something new."""

    source: str = Field(max_length=64, description="a source's name, for example reddit.coffee")
    per_day: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        gt=0, le=1_000_000, description="a number of new items a day, above 0, at most 1000000"
    )


class ConnectorsSettings(Section):
    """What all outside services share, and one section for each."""

    contact: Annotated[str, AfterValidator(one_line)] | None = Field(
        None, max_length=200, description="a mail or web address, sent in the User-Agent"
    )
    allow_hosts: tuple[Annotated[str, AfterValidator(host_text)], ...] = Field(
        (),
        description="a list of HOST or HOST:PORT that may be private, for example 127.0.0.1",
    )
    rss: RssSettings = RssSettings()
    reddit: RedditSettings = RedditSettings()
    newsapi: NewsApiSettings = NewsApiSettings()
    google_trends: GoogleTrendsSettings = GoogleTrendsSettings()
    x: XSettings = XSettings()
    drop: DropSettings = DropSettings()
    push: PushSettings = PushSettings()
    shopify: ShopSettings = ShopSettings()
    woocommerce: ShopSettings = ShopSettings()
    tiktok: TikTokSettings = TikTokSettings()
    tiktok_research: TikTokResearchSettings = TikTokResearchSettings()
    meta_ads: MetaAdsSettings = MetaAdsSettings()
    google_ads: GoogleAdsSettings = GoogleAdsSettings()
    tiktok_ads: TikTokAdsSettings = TikTokAdsSettings()
    results_every_s: Seconds = Field(
        900, ge=60, le=86_400, description="a number of seconds from 60 to 86400"
    )
    firestore: FirestoreSettings = FirestoreSettings()
    slack: SlackSettings = SlackSettings()
    webhook: WebhookSettings = WebhookSettings()
    smtp: SmtpSettings = SmtpSettings()
    pagerduty: PagerDutySettings = PagerDutySettings()
    expected: tuple[ExpectationSettings, ...] = Field(
        (), description="a list of tables of source and per_day, each source once"
    )

    @field_validator("expected")
    @classmethod
    def _of_sources(
        cls, expected: tuple[ExpectationSettings, ...], info: ValidationInfo
    ) -> tuple[ExpectationSettings, ...]:
        refuse_twins("source", [each.source for each in expected])
        sections = [each for each in info.data.values() if isinstance(each, SourceSection)]
        known = {name for section in sections for name in section.source_names()}
        if unknown := sorted({each.source for each in expected} - known):
            raise ValueError(f"names no source of these sections: {', '.join(unknown)}")
        return expected

    @property
    def shop_keys(self) -> dict[str, list[bytes]]:
        """The live webhook secrets by shop."""
        return {"shopify": self.shopify.keys(), "woocommerce": self.woocommerce.keys()}

    @property
    def expected_per_day(self) -> dict[str, float]:
        """New items a day by source."""
        return {each.source: each.per_day for each in self.expected}

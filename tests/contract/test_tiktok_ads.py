"""What TikTok alone does; what all ad platforms do is in ``test_ad_platforms.py``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from leadboost.connectors.tiktok_ads import TikTokAds
from leadboost.errors import AdPlatformError
from leadboost.standins.ads import AdFaults, StandInCampaign
from leadboost.standins.tiktok_ads import TikTokAdsServer
from tests.contract.ad_cases import TIKTOK, TOKEN, web_client


@pytest.fixture
async def tiktok() -> AsyncIterator[TikTokAdsServer]:
    async with TIKTOK.open_server() as server:
        assert isinstance(server, TikTokAdsServer)
        yield server


@pytest.fixture
async def ads(tiktok: TikTokAdsServer) -> AsyncIterator[TikTokAds]:
    client = web_client()
    made = TIKTOK.make(client, tiktok.url, TOKEN, lambda *_: None)
    assert isinstance(made, TikTokAds)
    yield made
    await client.close()


async def error_of(call: Any) -> AdPlatformError:
    with pytest.raises(AdPlatformError) as caught:
        await call
    return caught.value


def changes(server: TikTokAdsServer) -> list[tuple[str, int]]:
    """The last part of each write's path that tells the kind, and how many campaigns it named."""
    return [
        ("smart" if "smart_plus" in call.path else "common", len(call.campaigns))
        for call in server.account.calls
        if call.set_status
    ]


async def test_smart_campaigns_are_changed_by_their_own_endpoint(
    tiktok: TikTokAdsServer, ads: TikTokAds
) -> None:
    tiktok.account.campaigns[TIKTOK.first].automatic = True

    await asyncio.gather(ads.pause(TIKTOK.first), ads.pause(TIKTOK.second))
    await ads.enable(TIKTOK.first)

    assert sorted(changes(tiktok)) == [("common", 1), ("smart", 1), ("smart", 1)]
    assert tiktok.account.campaigns[TIKTOK.first].status == "ACTIVE"


async def test_pauses_asked_for_at_once_are_calls_of_twenty(tiktok: TikTokAdsServer, ads: TikTokAds) -> None:
    ids = [str(500 + number) for number in range(50)]
    for each in ids:
        tiktok.account.add(StandInCampaign(id=each, name="DEMO"))
    await ads.list_campaigns()

    await asyncio.gather(*map(ads.pause, ids))

    assert sorted(changes(tiktok)) == [("common", 10), ("common", 20), ("common", 20)]
    assert {tiktok.account.campaigns[each].status for each in ids} == {"PAUSED"}


async def test_more_calls_than_the_limit_allows_are_busy_until_the_next_second(
    tiktok: TikTokAdsServer, ads: TikTokAds
) -> None:
    tiktok.calls_per_s = 2
    await ads.list_campaigns()  # the advertiser and a page

    error = await error_of(ads.pause(TIKTOK.first))

    assert (error.kind, error.retry_after_s) == ("busy", None)


async def test_a_campaign_left_out_of_the_answer_is_unknown(tiktok: TikTokAdsServer, ads: TikTokAds) -> None:
    tiktok.faults = AdFaults(partial=1.0)

    assert (await error_of(ads.pause(TIKTOK.first))).kind == "unknown"
    assert tiktok.account.campaigns[TIKTOK.first].status == "ACTIVE"


async def test_a_pause_is_tried_though_its_kind_cannot_be_read(
    tiktok: TikTokAdsServer, ads: TikTokAds
) -> None:
    learn = ads._read_all

    async def broken(ids: Any) -> Any:
        raise AdPlatformError("tiktok_ads", "unknown", "has trouble")

    ads._read_all = broken  # type: ignore[method-assign]  # the read alone fails
    await ads.pause(TIKTOK.first)
    ads._read_all = learn  # type: ignore[method-assign]

    assert tiktok.account.campaigns[TIKTOK.first].status == "PAUSED"

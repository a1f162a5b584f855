"""What Google Ads alone does; what all ad platforms do is in ``test_ad_platforms.py``."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from leadboost.connectors.google_ads import GoogleAds
from leadboost.errors import AdPlatformError
from leadboost.standins.ads import AdFaults, StandInCampaign
from leadboost.standins.google_ads import GoogleAdsServer
from tests.contract.ad_cases import GOOGLE, TOKEN, web_client

Connect = Callable[..., GoogleAds]


@pytest.fixture
async def google() -> AsyncIterator[GoogleAdsServer]:
    async with GOOGLE.open_server() as server:
        assert isinstance(server, GoogleAdsServer)
        yield server


@pytest.fixture
async def connect(google: GoogleAdsServer) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        def make(**given: Any) -> GoogleAds:
            client = web_client()
            stack.push_async_callback(client.close)
            made = GOOGLE.make(client, google.url, TOKEN, lambda *_: None, **given)
            assert isinstance(made, GoogleAds)
            return made

        yield make


@pytest.fixture
def ads(connect: Connect) -> GoogleAds:
    return connect()


async def error_of(call: Any) -> AdPlatformError:
    with pytest.raises(AdPlatformError) as caught:
        await call
    return caught.value


async def test_an_access_token_that_ended_is_renewed_and_the_call_made_again(
    google: GoogleAdsServer, ads: GoogleAds
) -> None:
    await ads.read_campaign(GOOGLE.first)
    google._access = dict.fromkeys(google._access, 0.0)

    await ads.pause(GOOGLE.first)

    assert google.account.campaigns[GOOGLE.first].status == "PAUSED"
    assert [call.status for call in google.account.calls] == [200, 401, 200]


async def test_one_token_serves_all_calls_while_it_is_good(google: GoogleAdsServer, ads: GoogleAds) -> None:
    await asyncio.gather(*(ads.read_campaign(GOOGLE.first) for _ in range(5)))
    await ads.pause(GOOGLE.first)

    assert len(google._access) == 1


async def test_a_secret_that_is_wrong_is_auth_and_names_the_settings(
    google: GoogleAdsServer, ads: GoogleAds
) -> None:
    google._client["client_secret"] = "another"

    error = await error_of(ads.list_campaigns())

    assert (error.kind, "connectors.google_ads.client_id and client_secret" in error.reason) == ("auth", True)


async def test_access_through_a_manager_needs_its_number(google: GoogleAdsServer, connect: Connect) -> None:
    google._manager = "9876543210"

    error = await error_of(connect().list_campaigns())

    assert (error.kind, "connectors.google_ads.login_customer_id" in error.reason) == ("auth", True)
    assert len(await connect(manager="9876543210").list_campaigns()) == 2


async def test_a_retired_version_is_refused_and_says_what_to_raise(connect: Connect) -> None:
    error = await error_of(connect(version="v22").list_campaigns())

    assert (error.kind, "connectors.google_ads.version" in error.reason) == ("refused", True)


async def test_pauses_asked_for_at_once_are_one_call(google: GoogleAdsServer, ads: GoogleAds) -> None:
    ids = [str(500 + number) for number in range(40)]
    for each in ids:
        google.account.add(StandInCampaign(id=each, name="DEMO"))

    await ads.list_campaigns()

    await asyncio.gather(*map(ads.pause, ids))

    assert [call.campaigns for call in google.account.calls if call.set_status] == [tuple(ids)]

    assert {(await ads.read_campaign(each)).is_paused for each in ids} == {True}


async def test_a_campaign_left_undone_says_when_to_come_back(google: GoogleAdsServer, ads: GoogleAds) -> None:
    google.faults = AdFaults(partial=1.0)

    error = await error_of(ads.pause(GOOGLE.first))

    assert (error.kind, error.retry_after_s) == ("busy", 30.0)


async def test_a_call_given_up_leaves_nobody_waiting_who_was_asked_together(
    google: GoogleAdsServer, ads: GoogleAds
) -> None:
    await ads.list_campaigns()
    google.faults = AdFaults(hang=1.0)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ads.read_campaign(GOOGLE.first))
        second = group.create_task(error_of(ads.read_campaign(GOOGLE.second)))
        await google.hanging.wait()

        first.cancel()

        assert (await second).kind == "unknown"
    google.faults = AdFaults()
    assert (await ads.read_campaign(GOOGLE.second)).is_paused


async def test_a_budget_that_others_share_is_left_alone(google: GoogleAdsServer, ads: GoogleAds) -> None:
    google.account.campaigns[GOOGLE.first].shares_budget = True

    assert "shares its budget" in (await error_of(ads.lower_budget(GOOGLE.first, 1_000_000))).reason
    assert google.account.campaigns[GOOGLE.first].daily_budget == 5_000


async def test_removed_campaigns_are_read_as_deleted(google: GoogleAdsServer, ads: GoogleAds) -> None:
    google.account.set_status(GOOGLE.first, "DELETED")

    found = await ads.read_campaign(GOOGLE.first)

    assert (found.status, found.is_paused) == ("DELETED", True)

"""How Throttle lowers budgets against platforms that fail; on virtual time."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from leadboost.actors.throttle import Throttle
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.errors import AdPlatformError, StoreUnavailableError
from leadboost.messages.throttle import BudgetCut, LowerBudgets
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import System

FIRST, SECOND = (Campaign(platform="meta_ads", campaign_id=str(number)) for number in (1, 2))
BUSY = AdPlatformError("meta_ads", "busy", "asks us to come later", 1.0)
LOST = AdPlatformError("meta_ads", "unknown", "has trouble")
DENIED = AdPlatformError("meta_ads", "auth", "does not accept the access token")


class Ads:
    """``AdBudgets`` in memory; each write first takes the next of ``failures``, each after its effect the
    next of ``after``. ``lag`` reads show the budget as it was."""

    name = "meta_ads"

    def __init__(self) -> None:
        self.budgets: dict[str, int | None] = {"1": 50_000_000, "2": 10_000_000}
        self.seen = dict(self.budgets)
        self.failures: list[AdPlatformError] = []
        self.after: list[AdPlatformError] = []
        self.lag = 0
        self.asked: list[tuple[str, int]] = []

    async def read_campaign(self, campaign_id: str) -> AdCampaign:
        if self.lag:
            self.lag -= 1
        else:
            self.seen = dict(self.budgets)
        return AdCampaign(
            campaign=Campaign(platform=self.name, campaign_id=campaign_id),
            account_id="900",
            name="Fans",
            status="ACTIVE",
            effective_status="ACTIVE",
            daily_budget_micros=self.seen[campaign_id],
            currency="EUR",
        )

    async def lower_budget(self, campaign_id: str, micros: int) -> None:
        self.asked.append((campaign_id, micros))
        if self.failures:
            raise self.failures.pop(0)
        self.budgets[campaign_id] = micros
        if self.after:
            raise self.after.pop(0)


class Log:
    """``CutStore`` in memory."""

    def __init__(self) -> None:
        self.cuts: list[BudgetCut] = []
        self.away = False

    async def note_cut(self, cut: BudgetCut) -> None:
        if self.away:
            raise StoreUnavailableError("away")
        self.cuts.append(cut)


async def start(system: System, ads: Ads, log: Log) -> ActorRef[Any]:
    committed: Topic[Any] = Topic("committed")
    return await system.spawn(lambda: Throttle(platforms=[ads], store=log, committed=committed))


def order(*campaigns: Campaign, share: float = 0.2) -> LowerBudgets:
    return LowerBudgets(firing_id=UUID(int=7), rule="runway", campaigns=campaigns, share=share)


async def lowered(system: System, ads: Ads, *campaigns: Campaign) -> list[BudgetCut]:
    log = Log()
    (await start(system, ads, log)).tell(order(*campaigns))
    await asyncio.sleep(120)
    return log.cuts


async def test_budgets_fall_by_the_share_and_are_read_back(system: System) -> None:
    ads = Ads()

    cuts = await lowered(system, ads, FIRST, SECOND)

    assert ads.budgets == {"1": 40_000_000, "2": 8_000_000}
    assert {(cut.before_micros, cut.after_micros, cut.error) for cut in cuts} == {
        (50_000_000, 40_000_000, None),
        (10_000_000, 8_000_000, None),
    }


async def test_what_is_sent_again_lowers_nothing_further(system: System) -> None:
    ads = Ads()
    ads.failures, ads.after = [BUSY], [LOST, LOST]

    (cut,) = await lowered(system, ads, FIRST)

    assert set(ads.asked) == {("1", 40_000_000)}
    assert (ads.budgets["1"], cut.error) == (40_000_000, None)


async def test_a_lagging_read_is_read_again(system: System) -> None:
    ads = Ads()
    ads.lag = 3

    (cut,) = await lowered(system, ads, FIRST)

    assert (cut.after_micros, cut.error) == (40_000_000, None)


async def test_a_refused_credential_is_not_tried_twice_and_stands_as_failed(system: System) -> None:
    ads = Ads()
    ads.failures = [DENIED]

    (cut,) = await lowered(system, ads, FIRST)

    assert (len(ads.asked), cut.error) == (1, DENIED.reason)


async def test_a_campaign_without_a_budget_or_a_connection_is_named(system: System) -> None:
    ads = Ads()
    ads.budgets["1"] = None

    cuts = await lowered(system, ads, FIRST, Campaign(platform="tiktok_ads", campaign_id="9"))

    errors = {cut.campaign.platform: str(cut.error) for cut in cuts}
    assert "no daily budget of its own" in errors["meta_ads"]
    assert "no connection to tiktok_ads" in errors["tiktok_ads"]
    assert ads.asked == []


async def test_lowering_waits_for_no_database_and_is_noted_once_it_is_back(system: System) -> None:
    ads, log = Ads(), Log()
    log.away = True
    ref = await start(system, ads, log)

    ref.tell(order(FIRST, SECOND))
    await asyncio.sleep(5)
    lowered_at_once = dict(ads.budgets)
    log.away = False
    await asyncio.sleep(30)

    assert lowered_at_once == {"1": 40_000_000, "2": 8_000_000}
    assert {cut.campaign for cut in log.cuts} == {FIRST, SECOND}
    assert len(log.cuts) == 2


async def test_a_second_firing_lowers_again_from_what_is_there_then(system: System) -> None:
    ads, log = Ads(), Log()
    ref = await start(system, ads, log)

    ref.tell(order(FIRST))
    await asyncio.sleep(10)
    ref.tell(replace(order(FIRST), firing_id=UUID(int=8)))
    await asyncio.sleep(10)

    assert ads.budgets["1"] == 32_000_000
    assert len(log.cuts) == 2

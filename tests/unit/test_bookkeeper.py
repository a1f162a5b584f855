"""When Bookkeeper reads ad accounts, and what it makes of it; on virtual time."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from leadboost.actors.bookkeeper import Bookkeeper
from leadboost.domain.ad_results import AdDay, last_closed_day
from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.linking import Link, Listed
from leadboost.errors import AdPlatformError
from leadboost.messages.bookkeeper import (
    AccountBook,
    CampaignAction,
    CampaignResult,
    DecideLink,
    GetAccountBooks,
    GetCampaignBooks,
    SpendRead,
)
from leadboost.messages.panic import CampaignsRead, ListCampaigns
from leadboost.messages.trainer import OutcomesRecorded, RecordOutcomes
from leadboost.ports import Lease
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import Probe, System

EVERY_S = 900.0
CAMPAIGN = Campaign(platform="meta_ads", campaign_id="7")
OTHER = Campaign(platform="meta_ads", campaign_id="8")


class Reports:
    """An account that spent the same every day; ``fault`` is raised while it is set."""

    name = "meta_ads"
    account_id = "900"

    def __init__(self, system: System) -> None:
        self._clock = system.clock
        self.asked: list[tuple[float, date, date]] = []
        self.revenue_micros: int | None = 3_000_000
        self.currency = "EUR"
        self.fault: AdPlatformError | None = None
        self.faults_after = 0

    async def read_results(self, first: date, last: date) -> Sequence[AdDay]:
        self.asked.append((self._clock.monotonic(), first, last))
        if self.fault is not None and self.faults_after <= 0:
            raise self.fault
        self.faults_after -= 1
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [
            AdDay(
                campaign=CAMPAIGN,
                name="Fans",
                day=day,
                spend_micros=1_000_000,
                revenue_micros=self.revenue_micros,
                currency=self.currency,
            )
            for day in days
        ]


class Leases:
    """``LeaseStore`` that is ours while ``ours``."""

    def __init__(self, system: System) -> None:
        self._clock = system.clock
        self.ours = True

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        if not self.ours:
            return None
        return Lease(name=name, holder=holder, epoch=1, trusted_until=self._clock.monotonic() + 9.0)

    async def acquire(self, name: str, holder: str) -> Lease | None:
        return await self.keep(name, holder, None)

    async def renew(self, lease: Lease) -> Lease:
        return lease

    async def release(self, lease: Lease) -> None:
        self.ours = False


class Books:
    """``CampaignStore`` in memory."""

    def __init__(self) -> None:
        self.decided: list[tuple[Link, bool]] = []

    async def results(self, since: date, *, currency: str) -> Sequence[CampaignResult]:
        return []

    async def last_day(self) -> date | None:
        return date(2025, 12, 30)

    async def actions(self, limit: int) -> Sequence[CampaignAction]:
        return []

    async def links(self) -> Sequence[Link]:
        return [link for link, accepted in self.decided if accepted]

    async def refused_links(self) -> Sequence[Link]:
        return [link for link, accepted in self.decided if not accepted]

    async def products(self, limit: int) -> Sequence[Listed]:
        return [Listed(sku="FAN", title="Electric fan"), Listed(sku="CUP", title="Tea cup")]

    async def decide_link(self, link: Link, *, accepted: bool, by: str, at: datetime) -> None:
        self.decided.append((link, accepted))


class World:
    """An account, its books, and everybody who hears of them."""

    def __init__(self, system: System, probe: Probe) -> None:
        self.reports = Reports(system)
        self.leases = Leases(system)
        self.books = Books()
        self.probe = probe
        self.keeper: ActorRef[Any]

    @property
    def recorded(self) -> list[RecordOutcomes]:
        return [each for each in self.probe.received if isinstance(each, RecordOutcomes)]

    @property
    def spans(self) -> list[int]:
        return [(last - first).days + 1 for _, first, last in self.reports.asked]

    async def book(self) -> AccountBook:
        (found,) = await self.keeper.ask(GetAccountBooks())
        assert isinstance(found, AccountBook)
        return found


async def start(system: System, **reports: Any) -> World:
    replies = {
        RecordOutcomes: lambda message: OutcomesRecorded(accepted=len(message.outcomes), unchanged=0),
        ListCampaigns: lambda _: CampaignsRead(campaigns=CAMPAIGNS, read_at=None),
    }
    world = World(system, await system.probe(replies))
    for name, value in reports.items():
        setattr(world.reports, name, value)
    spend: Topic[SpendRead] = Topic("spend")
    spend.subscribe(world.probe.ref)
    world.keeper = await system.spawn(
        lambda: Bookkeeper(
            reports=[world.reports],
            store=world.books,
            trainer=world.probe.ref,
            panic=world.probe.ref,
            spend=spend,
            leases=world.leases,
            holder="here",
            currency="EUR",
            every_s=EVERY_S,
        )
    )
    await asyncio.sleep(1)
    return world


def _named(campaign: Campaign, name: str) -> AdCampaign:
    return AdCampaign(
        campaign=campaign, account_id="900", name=name, status="ACTIVE", effective_status="ACTIVE"
    )


CAMPAIGNS = [_named(CAMPAIGN, "fan, summer"), _named(OTHER, "cup, summer")]
BUSY = AdPlatformError("meta_ads", "busy", "asks us to come later", 300.0)


async def test_connecting_reads_ninety_days_and_teaches_those_that_are_closed(system: System) -> None:
    world = await start(system)

    today = system.clock.now().date()
    closed = last_closed_day(system.clock.now())
    days = [outcome.day for told in world.recorded for outcome in told.outcomes]
    assert world.spans == [30, 30, 30, 1]
    assert (min(days), max(days), len(days)) == (today - timedelta(days=90), closed, len(set(days)))
    assert (await world.book()).since == today - timedelta(days=90)


async def test_afterwards_the_last_days_are_read_each_quarter_of_an_hour_and_a_month_each_day(
    system: System,
) -> None:
    world = await start(system)
    world.reports.asked.clear()

    await asyncio.sleep(86_400 + 2 * EVERY_S)

    assert set(world.spans) == {4, 30, 1}  # 31 days are two spans
    assert world.spans.count(30) == 1
    times = [at for at, _, _ in world.reports.asked]
    assert max(after - before for before, after in pairwise(times)) <= EVERY_S + 2


async def test_spend_of_the_last_days_is_told_at_once_the_open_ones_too(system: System) -> None:
    world = await start(system)

    told = [
        reading for each in world.probe.received if isinstance(each, SpendRead) for reading in each.readings
    ]
    today = system.clock.now().date()
    assert {(today - reading.day).days for reading in told} == {0, 1, 2, 3}
    assert {(reading.campaign, reading.spend_micros) for reading in told} == {(CAMPAIGN, 1_000_000)}


async def test_an_account_without_values_teaches_nothing_and_says_so(system: System) -> None:
    world = await start(system, revenue_micros=0)

    assert world.recorded == []
    assert not (await world.book()).tells_value


async def test_an_account_in_another_currency_teaches_nothing_and_says_so(system: System) -> None:
    world = await start(system, currency="USD")

    assert world.recorded == []
    assert "USD" in str((await world.book()).error)


async def test_a_failing_account_is_read_again_after_the_time_that_it_asks_for(system: System) -> None:
    world = await start(system, fault=BUSY)
    book = await world.book()
    world.reports.fault = None
    world.reports.asked.clear()

    await asyncio.sleep(310)

    assert (book.error, book.since) == ("asks us to come later", None)
    assert world.reports.asked[0][0] >= 300.0
    assert (await world.book()).error is None
    assert world.spans[:4] == [30, 30, 30, 1]  # what was to be read at connecting


async def test_what_came_before_a_failure_is_kept(system: System) -> None:
    world = await start(system, fault=BUSY, faults_after=1)

    assert 25 < sum(len(each.outcomes) for each in world.recorded) <= 30
    assert (await world.book()).error == "asks us to come later"


async def test_waits_grow_up_to_the_usual_distance(system: System) -> None:
    world = await start(system, fault=AdPlatformError("meta_ads", "unknown", "has trouble"))

    await asyncio.sleep(6_000)

    times = [at for at, _, _ in world.reports.asked]
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] < 70
    assert max(waits) <= EVERY_S + 5
    assert [round(wait, -1) for wait in waits[:4]] == [60, 120, 240, 480]


async def test_a_host_without_the_lease_reads_nothing_until_it_gets_it(system: System) -> None:
    world = await start(system)
    world.leases.ours = False
    await asyncio.sleep(10)
    world.reports.asked.clear()

    await asyncio.sleep(2 * EVERY_S)
    idle = list(world.reports.asked)
    world.leases.ours = True
    await asyncio.sleep(10)

    assert (idle, len(world.reports.asked)) == ([], 1)


async def test_books_propose_links_for_campaigns_without_any(system: System) -> None:
    world = await start(system)
    before = (await world.keeper.ask(GetCampaignBooks())).proposals

    link = Link(campaign=CAMPAIGN, sku="FAN")
    await world.keeper.ask(DecideLink(link=link, accepted=True, by="ana"))
    await world.keeper.ask(DecideLink(link=Link(campaign=OTHER, sku="CUP"), accepted=False, by="ana"))
    after = await world.keeper.ask(GetCampaignBooks())

    assert [(each.link.campaign, each.link.sku) for each in before] == [(CAMPAIGN, "FAN"), (OTHER, "CUP")]
    assert (after.links, after.proposals) == ([link], [])
    assert after.since == date(2025, 12, 1)

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from leadboost.domain.campaign import Campaign
from leadboost.domain.linking import Link, Listed
from leadboost.domain.outcome import Outcome
from leadboost.errors import InputError
from leadboost.messages.bookkeeper import CampaignResult
from leadboost.messages.enterprise import PutStock
from leadboost.messages.throttle import BudgetCut
from leadboost.store.campaigns import PgCampaignStore
from leadboost.store.database import Database
from leadboost.store.outcomes import PgOutcomeStore
from leadboost.store.sales import PgSaleStore
from tests.integration.stocking import put
from tests.integration.tables import rows, run

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 19)
CAMPAIGN = Campaign(platform="google_ads", campaign_id="7")
LINK = Link(campaign=CAMPAIGN, sku="cup")


@pytest.fixture
async def store(database: Database) -> PgCampaignStore:
    await put(
        PgSaleStore(database, currency="EUR"), PutStock(sku="cup", by="ada", title="Tea cup", on_hand=5)
    )
    return PgCampaignStore(database)


def outcome(id_: str, *, day: date = DAY, currency: str = "EUR", **attributes: str) -> Outcome:
    return Outcome(
        external_id=id_,
        platform="google_ads",
        day=day,
        spend_micros=1_000_000,
        revenue_micros=3_000_000,
        currency=currency,
        attributes=attributes,
    )


async def test_results_are_summed_by_the_campaign_that_an_outcome_names(
    store: PgCampaignStore, database: Database
) -> None:
    told = [
        outcome("a", campaign_id="7"),
        outcome("b", day=date(2026, 11, 18), campaign_id="7"),
        outcome("old", day=date(2026, 1, 1), campaign_id="7"),
        outcome("dollars", currency="USD", campaign_id="7"),
        outcome("nameless"),
    ]
    await PgOutcomeStore(database).record(told)

    found = await store.results(date(2026, 11, 1), currency="EUR")

    assert found == [
        CampaignResult(
            campaign=CAMPAIGN, spend_micros=2_000_000, revenue_micros=6_000_000, days=2, last_day=DAY
        )
    ]


async def test_the_newest_day_counts_whether_it_was_learned_or_not(
    store: PgCampaignStore, database: Database
) -> None:
    empty = await store.last_day()
    await PgOutcomeStore(database).record([outcome("a"), outcome("b", day=date(2026, 11, 18))])
    pending = await store.last_day()
    await run(database, "UPDATE outcomes SET state = 'processed' WHERE external_id = 'a'")

    assert (empty, pending, await store.last_day()) == (None, DAY, DAY)


async def test_a_link_that_is_confirmed_stands_and_is_in_the_audit_log(
    store: PgCampaignStore, database: Database
) -> None:
    for _ in range(2):
        await store.decide_link(LINK, accepted=True, by="ana", at=AT)

    entries = await rows(database, "SELECT actor, action, subject FROM audit_log WHERE actor = 'ana'")
    assert await store.links() == [LINK]
    assert [tuple(entry) for entry in entries] == [("ana", "campaign.linked", "google_ads:7")] * 2


async def test_a_refused_link_is_remembered_until_it_is_confirmed_after_all(store: PgCampaignStore) -> None:
    await store.decide_link(LINK, accepted=False, by="ana", at=AT)
    refused = (await store.refused_links(), await store.links())

    await store.decide_link(LINK, accepted=True, by="ana", at=AT)

    assert refused == ([LINK], [])
    assert (await store.refused_links(), await store.links()) == ([], [LINK])


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_sku_that_is_not_known_is_refused_by_name(store: PgCampaignStore, accepted: bool) -> None:
    with pytest.raises(InputError, match="sku: mug is not known"):
        await store.decide_link(Link(campaign=CAMPAIGN, sku="mug"), accepted=accepted, by="ana", at=AT)


async def test_products_are_told_by_their_titles(store: PgCampaignStore) -> None:
    assert await store.products(10) == [Listed(sku="cup", title="Tea cup")]


async def test_a_lowered_budget_is_noted_once_among_the_actions_and_journalled(
    store: PgCampaignStore, database: Database
) -> None:
    cut = BudgetCut(
        id=UUID(int=1),
        firing_id=UUID(int=2),
        rule="runway",
        campaign=CAMPAIGN,
        before_micros=50_000_000,
        after_micros=40_000_000,
        currency="EUR",
        error=None,
        began_at=AT,
        at=AT,
    )

    await store.note_cut(cut)
    await store.note_cut(replace(cut, id=UUID(int=3)))
    await store.note_cut(replace(cut, id=UUID(int=4), firing_id=UUID(int=5), error="has trouble"))

    events = await rows(database, "SELECT data FROM events WHERE kind = 'campaign.lower_budget' ORDER BY id")
    assert [(each.kind, each.state) for each in await store.actions(9)] == [
        ("lower_budget", "failed"),
        ("lower_budget", "confirmed"),
    ]
    assert len(events) == 2


async def test_the_last_actions_come_first(store: PgCampaignStore, database: Database) -> None:
    for number, state in enumerate(("failed", "confirmed"), 1):
        await run(
            database,
            "INSERT INTO actions (id, origin, kind, platform, campaign_id, arguments_hash, state,"
            " intended_at)"
            f" VALUES ('01890000-0000-7000-8000-00000000000{number}', 'halt', 'enable', 'google_ads',"
            f" '{number}', '', '{state}', now())",
        )

    found = await store.actions(10)

    assert [(each.campaign.campaign_id, each.kind, each.state) for each in found] == [
        ("2", "enable", "confirmed"),
        ("1", "enable", "failed"),
    ]
    assert len(await store.actions(1)) == 1

from collections.abc import AsyncIterator

import pytest

from leadboost.console.auth import Role
from leadboost.errors import InputError
from leadboost.messages.bookkeeper import DecideLink, GetAccountBooks, GetCampaignBooks
from leadboost.messages.panic import AccountRead, CampaignsRead, ListCampaigns
from tests.integration.console_world import AT, LINK, World, running_console

CONFIRM = {"platform": "meta_ads", "campaign_id": "7", "sku": "cup", "accepted": True}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_console() as world:
        yield world


async def test_books_tell_money_exactly_with_its_return(world: World) -> None:
    reply = await world.call("GET", "/api/campaigns/books?days=7")

    assert world.probe.received == [GetCampaignBooks(days=7)]
    assert reply.json()["currency"] == "EUR"
    (result,) = reply.json()["results"]
    assert (result["spend"], result["revenue"], result["roi"], result["days"]) == (10.5, 21.0, 1.0, 3)
    assert reply.json()["links"] == [{"platform": "meta_ads", "campaign_id": "7", "sku": "cup"}]
    assert reply.json()["proposals"][0]["share"] == 0.75
    assert reply.json()["actions"][0]["state"] == "confirmed"


@pytest.mark.parametrize("days", ["0", "366", "x"])
async def test_books_of_no_days_are_refused(world: World, days: str) -> None:
    assert (await world.call("GET", f"/api/campaigns/books?days={days}")).status == 422


async def test_a_link_is_decided_in_the_name_of_whoever_asks(world: World) -> None:
    headers = world.token(Role.OPERATOR, "eva")

    reply = await world.call("POST", "/api/campaigns/links", json=CONFIRM, headers=headers)

    assert world.probe.received == [DecideLink(link=LINK, accepted=True, by="eva")]
    assert reply.json() | {"trace_id": ""} == {**CONFIRM, "trace_id": ""}


async def test_a_dry_run_links_nothing(world: World) -> None:
    reply = await world.call("POST", "/api/campaigns/links?dry_run=true", json=CONFIRM)

    assert (reply.status, world.probe.received) == (200, [])


async def test_a_sku_that_is_not_known_is_a_fault_of_that_field(world: World) -> None:
    world.fail(DecideLink, InputError("sku", "mug is not known"))

    reply = await world.call("POST", "/api/campaigns/links", json=CONFIRM)

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "sku")


@pytest.mark.parametrize(
    ("read_at", "error", "state"),
    [(AT, None, "ok"), (None, None, "waiting"), (AT, "does not accept the token", "failing")],
)
async def test_connections_tell_how_each_account_is(
    world: World, read_at: object, error: str | None, state: str
) -> None:
    account = AccountRead(platform="meta_ads", account_id="900", read_at=read_at, error=error)  # type: ignore[arg-type]  # a time or none
    world.replies[ListCampaigns] = lambda _: CampaignsRead(campaigns=[], read_at=None, accounts=[account])

    (found,) = (await world.call("GET", "/api/connections")).json()["items"]

    assert (found["name"], found["account_id"], found["state"], found["error"]) == (
        "meta_ads",
        "900",
        state,
        error,
    )
    assert found["results_tell_value"] is True


async def test_a_host_that_reads_no_results_knows_none(world: World) -> None:
    world.replies[GetAccountBooks] = lambda _: []

    (found,) = (await world.call("GET", "/api/connections")).json()["items"]

    assert (found["results_since"], found["results_tell_value"]) == (None, False)

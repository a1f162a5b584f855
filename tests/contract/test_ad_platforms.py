"""Every ad platform's connector and stand-in, held to the port together."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any

import aiohttp
import pytest

from leadboost.adapters.platforms import ConnectedPlatform
from leadboost.connectors.client import EgressGuard
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.errors import AdPlatformError, GateClosedError
from leadboost.standins.ads import AdFaults, AdServer, StandInCampaign, StandInResult
from tests.contract.ad_cases import CASES, META, TOKEN, Case, web_client

DAY = date(2026, 11, 19)
Connect = Callable[..., ConnectedPlatform]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
async def server(case: Case) -> AsyncIterator[AdServer]:
    async with case.open_server() as server:
        yield server


@pytest.fixture
def gate() -> Gate:
    return Gate(proofs=())


@pytest.fixture
async def connect(case: Case, server: AdServer, gate: Gate) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        def make(**given: Any) -> ConnectedPlatform:
            client = given.pop("client", None) or web_client()
            stack.push_async_callback(client.close)
            url, token = given.pop("url", server.url), given.pop("token", TOKEN)
            return case.make(client, url, token, given.pop("check_spend", gate.check), **given)

        yield make


@pytest.fixture
def ads(connect: Connect) -> ConnectedPlatform:
    return connect()


async def error_of(call: Any) -> AdPlatformError:
    with pytest.raises(AdPlatformError) as caught:
        await call
    return caught.value


def writes(server: AdServer) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(call.set_status, call.campaigns) for call in server.account.calls if call.set_status]


# -- reading --------------------------------------------------------------------------------------


async def test_list_tells_campaigns_with_budgets_in_the_accounts_currency(
    case: Case, ads: ConnectedPlatform
) -> None:
    first, second = await ads.list_campaigns()

    assert (first.campaign, first.name, first.status) == (
        Campaign(platform=case.name, campaign_id=case.first),
        "DEMO fans",
        "ACTIVE",
    )
    assert (first.daily_budget_micros, first.currency) == (50_000_000, "USD")
    assert (second.is_paused, second.daily_budget_micros) == (True, None)


async def test_list_has_all_campaigns_however_many_pages_there_are(
    server: AdServer, ads: ConnectedPlatform
) -> None:
    for number in range(1_250):
        server.account.add(StandInCampaign(id=str(300_000 + number), name="DEMO"))

    found = await ads.list_campaigns()

    assert len({each.campaign for each in found}) == len(found) == 1_252


@pytest.mark.parametrize("gone", ["ARCHIVED", "DELETED"])
async def test_list_leaves_out_what_cannot_run_again(
    case: Case, server: AdServer, ads: ConnectedPlatform, gone: str
) -> None:
    server.account.set_status(case.first, gone)

    assert [each.campaign.campaign_id for each in await ads.list_campaigns()] == [case.second]


async def test_a_currency_not_in_use_gives_no_currency(server: AdServer, ads: ConnectedPlatform) -> None:
    server.account.currency = "XXX"

    assert {each.currency for each in await ads.list_campaigns()} == {None}


async def test_read_tells_what_runs_beside_what_was_set(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    server.account.campaigns[case.first].hindered = case.hindered

    found = await ads.read_campaign(case.first)

    assert (found.status, found.effective_status, found.account_id) == ("ACTIVE", case.hindered, case.account)


async def test_account_says_who_we_connect_as(case: Case, ads: ConnectedPlatform) -> None:
    account = await ads.read_account()

    assert (account.id, account.name, account.currency) == (case.account, "DEMO ads", "USD")
    assert (ads.name, ads.account_id) == (case.name, case.account)


async def test_results_are_told_by_campaign_and_day(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    result = StandInResult(spend=4_520, revenue=9_494, clicks=210, impressions=10_320, conversions=6)
    server.account.results[case.first, DAY] = result
    server.account.results[case.first, DAY - timedelta(days=40)] = result

    (day,) = await ads.read_results(DAY - timedelta(days=29), DAY)

    assert day == AdDay(
        campaign=Campaign(platform=case.name, campaign_id=case.first),
        name="DEMO fans",
        day=DAY,
        spend_micros=45_200_000,
        revenue_micros=94_940_000,
        currency="USD",
        clicks=210,
        impressions=10_320,
        conversions=6,
    )


async def test_a_return_that_is_not_told_is_unknown_and_not_zero(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    server.account.results[case.first, DAY] = StandInResult(spend=4_520, conversions=3)

    (day,) = await ads.read_results(DAY, DAY)

    assert (day.spend_micros, day.revenue_micros) == (45_200_000, None)


async def test_results_come_whole_however_many_there_are(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    for number in range(30):
        for each in range(50):
            campaign_id = str(300_000 + each)
            server.account.add(StandInCampaign(id=campaign_id, name="DEMO"))
            server.account.results[campaign_id, DAY - timedelta(days=number)] = StandInResult(spend=1)

    days = await ads.read_results(DAY - timedelta(days=29), DAY)

    assert len({(each.campaign, each.day) for each in days}) == len(days) == 1_500


async def test_results_wait_their_turn_behind_an_open_breaker(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.list_campaigns()
    await server.stop()
    for _ in range(5):
        await error_of(ads.read_results(DAY, DAY))

    assert (await error_of(ads.read_results(DAY, DAY))).kind == "busy"
    assert (await error_of(ads.pause(case.first))).kind == "unknown"  # it was tried


# -- writing --------------------------------------------------------------------------------------


async def test_pause_is_seen_by_the_next_read(case: Case, ads: ConnectedPlatform) -> None:
    await ads.pause(case.first)

    assert (await ads.read_campaign(case.first)).is_paused


async def test_pausing_what_is_paused_succeeds(case: Case, ads: ConnectedPlatform) -> None:
    await ads.pause(case.second)

    assert (await ads.read_campaign(case.second)).is_paused


async def test_a_lagging_read_back_still_shows_the_campaign_running(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    server.faults = AdFaults(stale_s=60)

    await ads.pause(case.first)

    assert (await ads.read_campaign(case.first)).is_active
    assert server.account.campaigns[case.first].status == "PAUSED"


async def test_a_campaign_resumed_by_hand_is_read_as_running(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.pause(case.first)
    server.account.set_status(case.first, "ACTIVE")

    assert not (await ads.read_campaign(case.first)).is_paused


async def test_enable_lets_a_campaign_run_while_the_gate_is_open(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.enable(case.second)

    assert server.account.campaigns[case.second].status == "ACTIVE"
    assert server.account.spend_raising == 1


async def test_a_rehearsed_pause_has_no_effect(case: Case, server: AdServer, ads: ConnectedPlatform) -> None:
    rehearsed = await ads.rehearse_pause(case.first)

    assert rehearsed is (case.name != "tiktok_ads")
    assert server.account.campaigns[case.first].status == "ACTIVE"


async def test_enable_stops_at_a_closed_gate_and_pause_does_not(
    case: Case, server: AdServer, gate: Gate, ads: ConnectedPlatform
) -> None:
    gate.trip(Scope(kind="global"))

    with pytest.raises(GateClosedError):
        await ads.enable(case.second)
    await ads.pause(case.first)

    assert writes(server) == [("PAUSED", (case.first,))]


async def test_a_trip_between_the_first_look_and_the_write_stops_the_request(
    case: Case, server: AdServer, gate: Gate, connect: Connect
) -> None:
    looks = 0

    def trip_after_a_look(campaign: Campaign, account_id: str) -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            gate.trip(Scope(kind="global"))
        gate.check(campaign, account_id)

    ads = connect(check_spend=trip_after_a_look)

    with pytest.raises(GateClosedError):
        await ads.enable(case.second)

    assert looks == 2
    assert writes(server) == []


async def test_a_trip_while_the_connection_is_made_stops_the_request(
    case: Case, server: AdServer, gate: Gate, connect: Connect
) -> None:
    async def trip_then_resolve(host: str, port: int, family: object) -> list[str]:
        gate.trip(Scope(kind="global"))
        return ["127.0.0.1"]

    client = web_client(guard=EgressGuard(allow_hosts=["ads.test"], lookup=trip_then_resolve))
    ads = connect(client=client, url=server.url.replace("127.0.0.1", "ads.test"))

    with pytest.raises(GateClosedError):
        await ads.enable(case.second)

    assert writes(server) == []


async def test_a_pause_passes_a_queue_of_other_calls(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.list_campaigns()
    server.faults = AdFaults(hang=1.0)
    async with asyncio.TaskGroup() as others:
        stuck = others.create_task(ads.enable(case.second))  # takes the one connection of its kind
        await server.hanging.wait()
        server.faults = AdFaults()

        await ads.pause(case.first)

        assert (server.account.campaigns[case.first].status, stuck.done()) == ("PAUSED", False)
        stuck.cancel()


@pytest.mark.parametrize("campaign_id", ["", "1/2", "../1", "12a", "１２", "1?x=1", "act_1", "1) OR (1"])
async def test_an_id_that_is_not_digits_is_refused_before_anything_is_sent(
    server: AdServer, ads: ConnectedPlatform, campaign_id: str
) -> None:
    assert (await error_of(ads.pause(campaign_id))).kind == "refused"
    assert (await error_of(ads.enable(campaign_id))).kind == "refused"
    assert (await error_of(ads.read_campaign(campaign_id))).kind == "refused"
    assert list(server.account.calls) == []


async def test_a_lower_budget_is_set_and_read_back(
    case: Case, server: AdServer, gate: Gate, ads: ConnectedPlatform
) -> None:
    gate.trip(Scope(kind="global"))  # what lowers spend passes it

    await ads.lower_budget(case.first, 39_999_999)

    assert server.account.campaigns[case.first].daily_budget == 3_999
    assert (await ads.read_campaign(case.first)).daily_budget_micros == 39_990_000


async def test_a_budget_is_never_raised(case: Case, server: AdServer, ads: ConnectedPlatform) -> None:
    await ads.lower_budget(case.first, 90_000_000)

    assert server.account.campaigns[case.first].daily_budget == 5_000


@pytest.mark.parametrize("micros", [0, -1])
async def test_a_budget_of_nothing_is_refused(case: Case, ads: ConnectedPlatform, micros: int) -> None:
    assert (await error_of(ads.lower_budget(case.first, micros))).kind == "refused"


async def test_a_campaign_without_a_daily_budget_cannot_be_lowered(
    case: Case, ads: ConnectedPlatform
) -> None:
    assert (await error_of(ads.lower_budget(case.second, 1_000_000))).kind == "refused"


# -- faults ---------------------------------------------------------------------------------------


async def test_trouble_before_the_effect_is_unknown(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    server.faults = AdFaults(error_before=1.0)

    assert {(await error_of(ads.pause(case.first))).kind for _ in range(6)} == {"unknown"}
    assert server.account.campaigns[case.first].status == "ACTIVE"


async def test_trouble_after_the_effect_is_unknown_too(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    server.faults = AdFaults(error_after=1.0)

    assert (await error_of(ads.pause(case.first))).kind == "unknown"
    assert server.account.campaigns[case.first].status == "PAUSED"


@pytest.mark.parametrize("retry_after_s", [7, None])
async def test_limits_are_busy_with_the_wait_that_the_answer_tells(
    case: Case, server: AdServer, ads: ConnectedPlatform, retry_after_s: int | None
) -> None:
    server.faults = AdFaults(limited=1.0, retry_after_s=retry_after_s)

    errors = [await error_of(ads.pause(case.first)) for _ in range(6)]

    assert {(error.kind, error.retry_after_s) for error in errors} == {("busy", retry_after_s)}


async def test_a_call_without_an_answer_is_unknown_after_its_deadline(
    case: Case, server: AdServer, connect: Connect
) -> None:
    ads = connect(timeout_s=0.3)
    await ads.list_campaigns()
    server.faults = AdFaults(hang=1.0)

    error = await error_of(ads.pause(case.first))

    assert (error.kind, "in time" in error.reason) == ("unknown", True)


async def test_a_server_that_is_not_there_is_unknown(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await server.stop()

    assert (await error_of(ads.pause(case.first))).kind == "unknown"


async def test_a_revoked_token_is_auth_and_names_the_setting(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.list_campaigns()
    server.faults = AdFaults(revoked=True)

    error = await error_of(ads.pause(case.first))

    assert (error.kind, f"connectors.{case.name}.{case.setting}" in error.reason) == ("auth", True)


async def test_a_wrong_token_is_auth_and_shows_in_no_error(case: Case, connect: Connect) -> None:
    error = await error_of(connect(token="EAAB-wrong-token").list_campaigns())

    assert error.kind == "auth"
    assert "EAAB" not in repr(error) + str(error.__cause__) + str(error.__context__)


async def test_an_unknown_campaign_is_refused(ads: ConnectedPlatform) -> None:
    assert (await error_of(ads.pause("99"))).kind == "refused"
    assert (await error_of(ads.read_campaign("99"))).kind == "refused"


async def test_of_many_pauses_at_once_only_those_left_undone_fail(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    ids = [str(int(case.second) + number) for number in range(1, 13)]
    for each in ids:
        server.account.add(StandInCampaign(id=each, name="DEMO"))
    await ads.list_campaigns()
    server.faults = AdFaults(partial=0.3) if case is not META else AdFaults(error_before=0.3)

    results = await asyncio.gather(*(ads.pause(each) for each in ids), return_exceptions=True)

    done = {each for each in ids if server.account.campaigns[each].status == "PAUSED"}
    assert {each for each, result in zip(ids, results, strict=True) if result is None} == done
    assert 0 < len(done) < len(ids)


# -- the stand-ins' own ---------------------------------------------------------------------------


async def test_control_path_tells_and_moves_everything(
    case: Case, server: AdServer, ads: ConnectedPlatform
) -> None:
    await ads.list_campaigns()
    await ads.pause(case.first)
    async with aiohttp.ClientSession(server.url) as control:
        await control.put("/_control/campaigns/" + case.first, json={"status": "ACTIVE"})
        await control.put("/_control/faults", json={"limited": 1.0})
        state = await (await control.get("/_control")).json()

    assert state["campaigns"] == {case.first: "ACTIVE", case.second: "PAUSED"}
    assert state["spend_raising"] == 0
    asked = [(call["set_status"], call["campaigns"], call["effect"]) for call in state["calls"]]
    assert asked[-1] == ("PAUSED", [case.first], [case.first])
    assert (await error_of(ads.pause(case.first))).kind == "busy"


async def test_process_of_its_own_says_where_it_listens_and_stops_on_sigterm(case: Case) -> None:
    command = [sys.executable, "-m", "leadboost.standins.ads", case.name, "--campaigns", "2"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())

    async with aiohttp.ClientSession(ready["url"]) as control:
        state = await (await control.get("/_control")).json()
    process.terminate()

    assert list(state["campaigns"]) == ready["campaigns"]
    assert await process.wait() == 0

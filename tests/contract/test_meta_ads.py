"""The connector and the stand-in of Meta ads, held to the contract together."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.meta_ads import MetaAds
from leadboost.domain.campaign import Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.errors import AdPlatformError, GateClosedError
from leadboost.standins.meta_ads import AdFaults, MetaAdsServer, StandInCampaign

TOKEN, ACCOUNT = "EAAB-demo-token", "120000000000001"
FIRST, SECOND = "120210000000000001", "120210000000000002"
Connect = Callable[..., MetaAds]


@pytest.fixture
async def graph() -> AsyncIterator[MetaAdsServer]:
    campaigns = [
        StandInCampaign(id=FIRST, name="DEMO fans", daily_budget=5_000),
        StandInCampaign(id=SECOND, name="DEMO lamps", status="PAUSED", daily_budget=None),
    ]
    async with MetaAdsServer(token=TOKEN, account_id=ACCOUNT, campaigns=campaigns, rng=Rng(1)) as server:
        yield server


@pytest.fixture
def gate() -> Gate:
    return Gate(proofs=())


@pytest.fixture
async def connect(graph: MetaAdsServer, gate: Gate) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        def make(**given: object) -> MetaAds:
            policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0, connections_per_host=1)
            guard = EgressGuard(allow_hosts=["127.0.0.1"])
            client = WebClient(policy, guard=guard, clock=SystemClock(), rng=Rng(2))
            stack.push_async_callback(client.close)
            settings: dict[str, object] = {
                "client": client,
                "base_url": graph.url,
                "version": "v26.0",
                "access_token": TOKEN,
                "account_id": ACCOUNT,
                "clock": SystemClock(),
                "check_spend": gate.check,
                "timeout_s": 5.0,
            }
            return MetaAds(**(settings | given))  # type: ignore[arg-type]  # a test replaces any of them

        yield make


@pytest.fixture
def ads(connect: Connect) -> MetaAds:
    return connect()


async def error_of(call: object) -> AdPlatformError:
    with pytest.raises(AdPlatformError) as caught:
        await call  # type: ignore[misc]  # any of the port's coroutines
    return caught.value


# -- reading --------------------------------------------------------------------------------------


async def test_list_tells_campaigns_with_budgets_in_the_accounts_currency(ads: MetaAds) -> None:
    first, second = await ads.list_campaigns()

    assert (first.campaign, first.name, first.status) == (
        Campaign(platform="meta_ads", campaign_id=FIRST),
        "DEMO fans",
        "ACTIVE",
    )
    assert (first.daily_budget_micros, first.currency) == (50_000_000, "USD")
    assert (second.is_paused, second.daily_budget_micros) == (True, None)


async def test_list_follows_the_cursor_over_all_pages_and_never_the_url_with_the_token(
    graph: MetaAdsServer, ads: MetaAds
) -> None:
    for number in range(250):
        graph.account.add(StandInCampaign(id=str(300_000 + number), name="DEMO"))

    found = await ads.list_campaigns()

    pages = [call for call in graph.account.calls if call.path.endswith("/campaigns")]
    assert (len(found), len(pages)) == (252, 3)
    assert len({each.campaign for each in found}) == 252


async def test_list_leaves_out_what_is_archived_or_deleted(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.account.set_status(FIRST, "ARCHIVED")

    assert [each.campaign.campaign_id for each in await ads.list_campaigns()] == [SECOND]


async def test_list_comes_without_budgets_while_the_account_cannot_be_read(
    graph: MetaAdsServer, connect: Connect
) -> None:
    graph.account.currency = "XXX"

    assert [each.daily_budget_micros for each in await connect().list_campaigns()] == [None, None]


async def test_read_tells_what_runs_beside_what_was_set(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.account.campaigns[FIRST].hindered = "WITH_ISSUES"

    found = await ads.read_campaign(FIRST)

    assert (found.status, found.effective_status, found.account_id) == ("ACTIVE", "WITH_ISSUES", ACCOUNT)


async def test_account_says_who_we_connect_as(ads: MetaAds) -> None:
    account = await ads.read_account()

    assert (account.id, account.name, account.currency) == (ACCOUNT, "DEMO ads", "USD")


# -- writing --------------------------------------------------------------------------------------


async def test_pause_is_seen_by_the_next_read(ads: MetaAds) -> None:
    await ads.pause(FIRST)

    assert (await ads.read_campaign(FIRST)).is_paused


async def test_a_lagging_read_back_still_shows_the_campaign_running(
    graph: MetaAdsServer, ads: MetaAds
) -> None:
    graph.faults = AdFaults(stale_s=60)

    await ads.pause(FIRST)

    assert (await ads.read_campaign(FIRST)).is_active
    assert graph.account.campaigns[FIRST].status == "PAUSED"


async def test_enable_sets_active_while_the_gate_is_open(graph: MetaAdsServer, ads: MetaAds) -> None:
    await ads.enable(SECOND)

    assert graph.account.campaigns[SECOND].status == "ACTIVE"
    assert graph.account.spend_raising == 1


async def test_enable_stops_at_a_closed_gate_and_pause_does_not(
    graph: MetaAdsServer, gate: Gate, ads: MetaAds
) -> None:
    gate.trip(Scope(kind="global"))

    with pytest.raises(GateClosedError):
        await ads.enable(SECOND)
    await ads.pause(FIRST)

    assert [call.set_status for call in graph.account.calls] == ["PAUSED"]


async def test_a_trip_while_the_connection_is_made_stops_the_request(
    graph: MetaAdsServer, gate: Gate, connect: Connect
) -> None:
    tripped = []

    async def trip_then_resolve(host: str, port: int, family: object) -> list[str]:
        gate.trip(Scope(kind="global"))
        tripped.append(host)
        return ["127.0.0.1"]

    guard = EgressGuard(allow_hosts=["graph.test"], lookup=trip_then_resolve)
    policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0)
    client = WebClient(policy, guard=guard, clock=SystemClock(), rng=Rng(3))
    ads = connect(client=client, base_url=graph.url.replace("127.0.0.1", "graph.test"))

    with pytest.raises(GateClosedError):
        await ads.enable(SECOND)
    await client.close()

    assert (tripped, list(graph.account.calls)) == (["graph.test"], [])


async def test_nothing_of_a_stopped_request_leaves_the_process(gate: Gate, connect: Connect) -> None:
    received = bytearray()
    accepted = asyncio.Event()
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gate.trip(Scope(kind="global"))
        accepted.set()
        received.extend(await reader.read())
        writer.close()
        ended.set()

    checks = 0

    def check_late(campaign: Campaign, account_id: str) -> None:
        nonlocal checks
        checks += 1
        if checks > 1:  # the look at the write itself
            gate.check(campaign, account_id)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gate.trip(Scope(kind="global"))
    async with server:
        with pytest.raises(GateClosedError):
            await connect(base_url=f"http://127.0.0.1:{port}", check_spend=check_late).enable(SECOND)
        await accepted.wait()
        await ended.wait()

    assert (checks, bytes(received)) == (2, b"")


async def test_a_pause_passes_a_queue_of_other_calls(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(hang=1.0)
    async with asyncio.TaskGroup() as others:
        stuck = others.create_task(ads.enable(SECOND))  # takes the one connection of its kind
        await graph.hanging.wait()
        graph.faults = AdFaults()

        await ads.pause(FIRST)

        assert (graph.account.campaigns[FIRST].status, stuck.done()) == ("PAUSED", False)
        stuck.cancel()


async def test_a_pause_passes_an_open_breaker(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(error_before=1.0)
    for _ in range(5):
        await error_of(ads.enable(SECOND))
    resting = await error_of(ads.enable(SECOND))
    graph.faults = AdFaults()

    await ads.pause(FIRST)

    assert (resting.kind, resting.retry_after_s is not None) == ("busy", True)
    assert graph.account.campaigns[FIRST].status == "PAUSED"


@pytest.mark.parametrize("campaign_id", ["", "1/2", "../1", "12a", "１２", "1?x=1", "act_1"])
async def test_an_id_that_is_not_digits_is_refused_before_anything_is_sent(
    graph: MetaAdsServer, ads: MetaAds, campaign_id: str
) -> None:
    assert (await error_of(ads.pause(campaign_id))).kind == "refused"
    assert (await error_of(ads.read_campaign(campaign_id))).kind == "refused"
    assert list(graph.account.calls) == []


# -- faults ---------------------------------------------------------------------------------------


async def test_an_error_before_the_effect_is_unknown(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(error_before=1.0)

    assert (await error_of(ads.pause(FIRST))).kind == "unknown"
    assert graph.account.campaigns[FIRST].status == "ACTIVE"


async def test_an_error_after_the_effect_is_unknown_too(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(error_after=1.0)

    assert (await error_of(ads.pause(FIRST))).kind == "unknown"
    assert graph.account.campaigns[FIRST].status == "PAUSED"


@pytest.mark.parametrize(
    ("regain_min", "retry_after_s", "wait_s"), [(5, 7, 300.0), (None, 7, 7.0), (None, None, None)]
)
async def test_limits_are_busy_with_the_wait_that_the_answer_tells(
    graph: MetaAdsServer, ads: MetaAds, regain_min: int, retry_after_s: int, wait_s: float
) -> None:
    graph.faults = AdFaults(limited=1.0, regain_min=regain_min, retry_after_s=retry_after_s)

    errors = [await error_of(ads.pause(FIRST)) for _ in range(12)]

    assert {call.status for call in graph.account.calls} == {400, 429}
    assert {(error.kind, error.retry_after_s) for error in errors} == {("busy", wait_s)}


async def test_the_hourly_budget_is_told_as_it_is_used_and_ends_in_busy(
    graph: MetaAdsServer, ads: MetaAds
) -> None:
    graph._hourly_calls = 2
    await ads.read_campaign(FIRST)
    await ads.read_campaign(FIRST)

    error = await error_of(ads.read_campaign(FIRST))

    assert (error.kind, error.retry_after_s) == ("busy", 3_600.0)


async def test_a_call_without_an_answer_is_unknown_after_its_deadline(
    graph: MetaAdsServer, connect: Connect
) -> None:
    graph.faults = AdFaults(hang=1.0)

    error = await error_of(connect(timeout_s=0.2).pause(FIRST))

    assert (error.kind, "in time" in error.reason) == ("unknown", True)


async def test_a_server_that_is_not_there_is_unknown(graph: MetaAdsServer, ads: MetaAds) -> None:
    await graph.stop()

    assert (await error_of(ads.pause(FIRST))).kind == "unknown"


async def test_a_revoked_token_is_auth_and_names_the_setting(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(revoked=True)

    error = await error_of(ads.pause(FIRST))

    assert (error.kind, "connectors.meta_ads.access_token" in error.reason) == ("auth", True)


async def test_a_wrong_token_is_auth_and_shows_in_no_error(connect: Connect) -> None:
    error = await error_of(connect(access_token="EAAB-wrong-token").list_campaigns())

    assert error.kind == "auth"
    assert "EAAB" not in repr(error) + str(error.__cause__) + str(error.__context__)


async def test_a_retired_version_is_refused_and_says_what_to_raise(connect: Connect) -> None:
    error = await error_of(connect(version="v19.0").list_campaigns())

    assert (error.kind, "connectors.meta_ads.version" in error.reason) == ("refused", True)


async def test_an_unknown_campaign_is_refused(ads: MetaAds) -> None:
    assert (await error_of(ads.pause("99"))).kind == "refused"


async def test_appsecret_proof_is_sent_when_the_app_demands_it(
    graph: MetaAdsServer, connect: Connect
) -> None:
    graph._app_secret = "app-secret"

    bare = await error_of(connect().pause(FIRST))
    signed = connect(app_secret="app-secret")
    await signed.pause(FIRST)

    assert bare.kind == "refused"
    assert (await signed.read_campaign(FIRST)).is_paused


# -- the stand-in's own ---------------------------------------------------------------------------


async def test_control_path_tells_and_moves_everything(graph: MetaAdsServer, ads: MetaAds) -> None:
    await ads.pause(FIRST)
    async with aiohttp.ClientSession(graph.url) as control:
        await control.put("/_control/campaigns/" + FIRST, json={"status": "ACTIVE"})
        await control.put("/_control/faults", json={"limited": 1.0})
        state = await (await control.get("/_control")).json()

    assert (state["campaigns"], state["spend_raising"]) == ({FIRST: "ACTIVE", SECOND: "PAUSED"}, 0)
    assert [(call["set_status"], call["status"], call["effect"]) for call in state["calls"]] == [
        ("PAUSED", 200, True)
    ]
    assert (await error_of(ads.pause(FIRST))).kind == "busy"


async def test_process_of_its_own_says_where_it_listens_and_stops_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "leadboost.standins.meta_ads",
        "--campaigns",
        "2",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())

    async with aiohttp.ClientSession(ready["url"]) as control:
        state = await (await control.get("/_control")).json()
    process.terminate()

    assert list(state["campaigns"]) == ready["campaigns"]
    assert await process.wait() == 0

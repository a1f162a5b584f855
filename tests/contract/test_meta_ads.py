"""What Meta alone does; what all ad platforms do is in ``test_ad_platforms.py``."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.meta_ads import MetaAds
from leadboost.domain.campaign import Campaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Scope
from leadboost.errors import AdPlatformError, GateClosedError
from leadboost.standins.ads import AdFaults, StandInCampaign
from leadboost.standins.meta_ads import MetaAdsServer

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


async def test_list_follows_the_cursor_over_all_pages_and_never_the_url_with_the_token(
    graph: MetaAdsServer, ads: MetaAds
) -> None:
    for number in range(250):
        graph.account.add(StandInCampaign(id=str(300_000 + number), name="DEMO"))

    found = await ads.list_campaigns()

    pages = [call for call in graph.account.calls if call.path.endswith("/campaigns")]
    assert (len(found), len(pages)) == (252, 3)
    assert len({each.campaign for each in found}) == 252


async def test_list_comes_without_budgets_while_the_account_cannot_be_read(
    graph: MetaAdsServer, connect: Connect
) -> None:
    graph.account.currency = "XXX"

    assert [each.daily_budget_micros for each in await connect().list_campaigns()] == [None, None]


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


async def test_a_pause_passes_an_open_breaker(graph: MetaAdsServer, ads: MetaAds) -> None:
    graph.faults = AdFaults(error_before=1.0)
    for _ in range(5):
        await error_of(ads.enable(SECOND))
    resting = await error_of(ads.enable(SECOND))
    graph.faults = AdFaults()

    await ads.pause(FIRST)

    assert (resting.kind, resting.retry_after_s is not None) == ("busy", True)
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


async def test_a_retired_version_is_refused_and_says_what_to_raise(connect: Connect) -> None:
    error = await error_of(connect(version="v19.0").list_campaigns())

    assert (error.kind, "connectors.meta_ads.version" in error.reason) == ("refused", True)


async def test_appsecret_proof_is_sent_when_the_app_demands_it(
    graph: MetaAdsServer, connect: Connect
) -> None:
    graph._app_secret = "app-secret"

    bare = await error_of(connect().pause(FIRST))
    signed = connect(app_secret="app-secret")
    await signed.pause(FIRST)

    assert bare.kind == "refused"
    assert (await signed.read_campaign(FIRST)).is_paused

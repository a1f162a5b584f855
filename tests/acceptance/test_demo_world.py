"""What `make run` shows, from the printed address on."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.world.catalogue import STAR
from tests.acceptance.process import Process

Start = Callable[..., Process]
SOON_S = 25  # ten on a machine with nothing else to do
SHOWN = {"signal.accepted", "model.trained", "stock.out", "panic.tripped", "panic.resolved"}


async def get(daemon: Process, session: aiohttp.ClientSession, path: str) -> Any:
    tokens = Tokens(DataFolder(daemon.data_dir).signing_key(), SystemClock())
    headers = {"Authorization": f"Bearer {tokens.issue('test', Role.VIEWER, 60)}"}
    async with session.get(daemon.up() + path, headers=headers) as response:
        return await response.json()


async def kinds(daemon: Process, session: aiohttp.ClientSession) -> set[str]:
    return {each["kind"] for each in (await get(daemon, session, "/api/events"))["events"]}


async def test_the_demo_hears_learns_sells_runs_out_and_pauses_its_ads(start: Start) -> None:
    daemon = start("--profile", "demo")
    await asyncio.to_thread(daemon.up)

    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(SOON_S):
            while not await kinds(daemon, session) >= SHOWN:
                pass
        sources = (await get(daemon, session, "/api/sources"))["items"]
        halt = (await get(daemon, session, "/api/safety"))["details"][0]

    assert {each["name"] for each in sources} == {"demo-foro-hogar", "demo-deal-watch", "demo-barrio"}
    assert (halt["scope"], halt["state"]) == (f"sku:{STAR.sku}", "confirmed")
    assert {each["name"] for each in halt["items"]} == {each.name for each in STAR.campaigns}
    assert await asyncio.to_thread(daemon.stop) == 0
    assert not [line for line in daemon.lines if '"state": "late' in line or "world part failed" in line]


async def test_a_killed_demo_goes_on_where_it_was(start: Start) -> None:
    daemon = start("--profile", "demo")
    async with aiohttp.ClientSession() as session:
        await asyncio.to_thread(daemon.up)
        async with asyncio.timeout(SOON_S):
            while not await kinds(daemon, session) >= SHOWN:
                pass
        daemon.process.kill()
        daemon.process.wait()

        again = start("--profile", "demo")
        await asyncio.to_thread(again.up)
        before = (await get(again, session, "/api/model"))["observations"]
        async with asyncio.timeout(SOON_S):
            while (await get(again, session, "/api/model"))["observations"] == before:
                pass
        events = (await get(again, session, "/api/events"))["events"]
        halt = (await get(again, session, "/api/safety"))["details"][0]

    assert sum(each["kind"] == "stock.out" for each in events) == 1
    assert (halt["scope"], halt["state"] != "resumed") == (f"sku:{STAR.sku}", True)
    assert not [line for line in again.lines if "demo world" in line]

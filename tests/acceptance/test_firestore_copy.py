"""A copy in Firestore's stand-in, kept by real daemons that are killed in the middle."""

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leadboost.clock import SystemClock
from leadboost.console.auth import Role, Tokens
from leadboost.folder import DataFolder
from leadboost.standins.api import Fault
from leadboost.standins.firestore.status import ABORTED, EXHAUSTED, UNAVAILABLE
from tests.acceptance.process import Process
from tests.contract.conftest import Show, show
from tests.contract.firestore_world import PROJECT, FirestoreWorld, fault, firestore_world

__all__ = ["show"]

Start = Callable[..., Process]


def environment(world: FirestoreWorld, **changes: str) -> dict[str, str]:
    """The variables that switch the copy on."""
    values = {
        "ENABLED": "true",
        "BASE_URL": world.server.url,
        "CREDENTIALS_FILE": str(world.key_file),
        "PROJECT": PROJECT,
        "PREFIX": "lb_",
        "DOCUMENTS_PER_S": "500",
        **changes,
    }
    hosts = json.dumps([world.server.url.removeprefix("http://")])
    return {f"LEADBOOST_CONNECTORS__FIRESTORE__{name}": value for name, value in values.items()} | {
        "LEADBOOST_CONNECTORS__ALLOW_HOSTS": hosts
    }


async def hear(session: aiohttp.ClientSession, url: str, data_dir: Path, count: int, name: str) -> None:
    """Send signals as a program of the shop does."""
    token = Tokens(DataFolder(data_dir).signing_key(), SystemClock()).issue("test", Role.OPERATOR, 60)
    items = [
        {"source": "shop", "external_id": f"{name}-{number}", "text": f"{name} number {number} asks for fans"}
        for number in range(count)
    ]
    for start in range(0, count, 500):
        async with session.post(
            f"{url}/api/signals",
            json=items[start : start + 500],
            headers={"Authorization": f"Bearer {token}"},
        ) as response:
            assert response.status == 200, await response.text()


async def health(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(f"{url}/health") as response:
        found: Mapping[str, Any] = await response.json()
        return found


async def until(session: aiohttp.ClientSession, url: str, is_so: Callable[[Mapping[str, Any]], bool]) -> str:
    """Ask until the component firestore is so; returns its detail."""
    async with asyncio.timeout(90):
        while True:
            components = (await health(session, url))["components"]
            found = next((each for each in components if each["name"] == "firestore"), None)
            if found is not None and is_so(found):
                return str(found["detail"])


def is_whole(count: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda component: str(component["detail"]).startswith(f"up to date, {count:,} documents")


async def copy_through_kills(
    start: Start, session: aiohttp.ClientSession, world: FirestoreWorld, count: int, kills: int
) -> list[str]:
    """Hear ``count`` signals, kill the daemon ``kills`` times while it copies; returns the copied texts."""
    for number in range(kills + 1):
        daemon = start(**environment(world))
        url = await asyncio.to_thread(daemon.up)
        if number == 0:
            await hear(session, url, daemon.data_dir, count, "buyer")
        goal = count if number == kills else count * (number + 1) // (kills + 1)
        async with asyncio.timeout(90):
            while len(world.server.collection("lb_signals")) < goal:
                await health(session, url)
        if number < kills:
            daemon.process.send_signal(signal.SIGKILL)
            daemon.bury()
    await until(session, url, is_whole(count))
    return [str(each["text"]) for each in world.server.collection("lb_signals").values()]


async def check(start: Start, folder: Path, show: Show, *, signals: int, kills: int) -> None:
    async with firestore_world(folder, SystemClock()) as world, aiohttp.ClientSession() as session:
        trouble = [fault(ABORTED), Fault(), fault(EXHAUSTED, Retry_After="1"), fault(UNAVAILABLE, late=True)]
        world.server.faults.extend([Fault(), *trouble] * 2)
        texts = await copy_through_kills(start, session, world, signals, kills)

        doubled, missing = len(texts) - len(set(texts)), signals - len(set(texts))
        show(
            [
                f"{signals} signals, {kills} kills: {len(texts)} documents, doubled {doubled}, "
                f"missing {missing}"
            ]
        )
        assert (doubled, missing) == (0, 0)
        assert max(world.server.documents.created.values()) == 1
        assert {name.rpartition("/")[2] for name in world.server.documents.overwritten} <= {"replica"}


async def test_a_daemon_killed_while_it_copies_goes_on_after_its_restart(
    start: Start, tmp_path: Path, show: Show
) -> None:
    await check(start, tmp_path, show, signals=800, kills=1)


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_ten_thousand_signals_are_copied_once_each_through_ten_kills(
    start: Start, tmp_path: Path, show: Show
) -> None:
    await check(start, tmp_path, show, signals=10_000, kills=10)


async def test_a_daemon_stays_up_and_says_what_its_copy_waits_for(start: Start, tmp_path: Path) -> None:
    async with firestore_world(tmp_path, SystemClock()) as world, aiohttp.ClientSession() as session:
        daemon = start(**environment(world, PROJECT="other-project"))
        url = await asyncio.to_thread(daemon.up)

        detail = await until(session, url, lambda component: component["state"] == "DEGRADED")
        found = await health(session, url)
        async with session.get(f"{url}/readyz") as ready:
            status = ready.status

    assert "connectors.firestore.project" in detail
    assert (found["mode"], found["problems"], status) == ("running", [f"firestore: {detail}"], 200)

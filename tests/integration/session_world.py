"""People who sign in at a running console, and what their pages send."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from leadboost.clock import SystemClock
from leadboost.console.auth import Role
from tests.integration.console_world import Reply, World
from tests.integration.memory_accounts import MemoryAccountStore

PASSWORD = "correct horse battery"
STOCK = "/api/stock"


class MovedClock(SystemClock):
    """The machine's clock, moved ahead by ``ahead``."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


def store_of(world: World) -> MemoryAccountStore:
    return cast(MemoryAccountStore, world.accounts)


async def send(world: World, path: str, body: object, **headers: str) -> Reply:
    """Post as our own page does."""
    return await world.call("POST", path, role=None, json=body, headers={"Origin": world.url, **headers})


async def make(world: World, name: str = "ana", role: Role = Role.OPERATOR) -> None:
    body = {"name": name, "password": PASSWORD, "role": str(role)}
    assert (await world.call("POST", "/api/accounts", json=body)).status == 201


async def sign_in(world: World, name: str = "ana", password: str = PASSWORD, **headers: str) -> Reply:
    return await send(world, "/api/session", {"name": name, "password": password}, **headers)


def cookie(reply: Reply) -> str:
    return reply.headers["Set-Cookie"].partition(";")[0]


def page(world: World, reply: Reply) -> dict[str, str]:
    """What the page of that sign-in sends along."""
    return {"Cookie": cookie(reply), "Origin": world.url}


async def status(world: World, headers: Mapping[str, str], method: str = "GET", path: str = STOCK) -> int:
    return (await world.call(method, path, role=None, headers=headers)).status


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        for _ in iter(is_so, True):
            await asyncio.sleep(0)

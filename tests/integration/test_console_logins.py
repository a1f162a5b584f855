import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest

from leadboost.console.auth import Role
from leadboost.console.logins import hash_of, id_of
from leadboost.errors import StoreUnavailableError
from leadboost.ports import StoredLogin
from tests.integration.console_world import World, running_console
from tests.integration.memory_accounts import MemoryAccountStore
from tests.integration.session_world import (
    MovedClock,
    cookie,
    make,
    page,
    send,
    sign_in,
    status,
    store_of,
    wait_until,
)


class SlowAccountStore(MemoryAccountStore):
    """Finds logins once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def find_login(self, token_hash: bytes) -> StoredLogin | None:
        found = await super().find_login(token_hash)
        await self.answers.wait()
        return found


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def world(clock: MovedClock) -> AsyncIterator[World]:
    async with running_console(clock=clock) as world:
        yield world


@pytest.fixture
async def demo() -> AsyncIterator[World]:
    async with running_console(demo=True) as world:
        yield world


async def test_a_token_planted_before_the_sign_in_is_never_adopted(world: World) -> None:
    await make(world)
    planted = "leadboost=" + "A" * 43

    reply = await sign_in(world, Cookie=planted)

    assert cookie(reply) != planted
    assert await status(world, {"Cookie": planted}) == 401
    assert await status(world, page(world, reply)) == 200


async def test_a_new_sign_in_ends_the_login_before(world: World) -> None:
    await make(world)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    first = await sign_in(world)

    second = await sign_in(world, Cookie=cookie(first))

    assert ended == [id_of(cookie(first).partition("=")[2])]
    assert await status(world, page(world, first)) == 401
    assert await status(world, page(world, second)) == 200


async def test_signing_out_ends_the_login_and_tells_its_sockets(world: World) -> None:
    await make(world)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    headers = page(world, await sign_in(world))
    login_id = id_of(headers["Cookie"].partition("=")[2])
    assert await world.console.logins.is_live(login_id)

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert (reply.status, ended, await world.console.logins.is_live(login_id)) == (200, [login_id], False)
    assert re.match('leadboost="?"?; ', reply.headers["Set-Cookie"])
    assert "Max-Age=0" in reply.headers["Set-Cookie"]
    assert await status(world, headers) == 401
    assert await status(world, headers, path="/api/session") == 401


async def test_signing_out_twice_is_no_error(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)

    statuses = [await status(world, headers, "DELETE", "/api/session") for _ in range(2)]

    assert statuses == [200, 200]


async def test_signing_out_by_a_made_up_cookie_looks_it_up_and_no_more(world: World) -> None:
    headers = {"Cookie": f"leadboost={'a' * 43}", "Origin": world.url}

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert reply.status == 200
    assert store_of(world).calls == ["find_login"]


async def test_made_up_cookies_that_sign_out_take_two_connections_at_most(world: World) -> None:
    logins, store = world.console.logins, SlowAccountStore()
    logins.attach(store)

    async with asyncio.TaskGroup() as group:
        for number in range(12):
            group.create_task(logins.end(f"made up {number}"))
        await wait_until(lambda: bool(store.calls))
        for _ in range(20):
            await asyncio.sleep(0)
        at_once = len(store.calls)
        store.answers.set()

    assert at_once == 2
    assert store.calls == ["find_login"] * 12


async def test_made_up_cookies_bring_back_no_login_that_ended_while_the_database_was_away(
    world: World,
) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    store_of(world).away = True
    await status(world, headers, "DELETE", "/api/session")

    for number in range(5000):
        with suppress(StoreUnavailableError):
            await world.console.logins.end(f"made up {number}")

    store_of(world).away = False
    assert await status(world, headers) == 401


async def test_signing_out_holds_here_at_once_while_the_database_is_away(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    store_of(world).away = True

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    assert (reply.json()["code"], reply.headers["Content-Type"]) == (
        "store_unavailable",
        "application/problem+json",
    )
    store_of(world).away = False
    assert await status(world, headers) == 401
    assert await status(world, headers, "DELETE", "/api/session") == 200
    assert store_of(world).logins == {}


async def test_the_browser_loses_its_cookie_while_the_database_is_away_too(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    store_of(world).away = True

    reply = await world.call("DELETE", "/api/session", role=None, headers=headers)

    assert reply.status == 503
    assert re.match('leadboost="?"?; ', reply.headers["Set-Cookie"])
    assert "Max-Age=0" in reply.headers["Set-Cookie"]


async def test_what_ended_while_the_database_was_away_is_deleted_once_it_is_back(world: World) -> None:
    store, logins, waits = store_of(world), world.console.logins, asyncio.Queue[float](1)
    ended, staying = [await world.signed_in(Role.VIEWER) for _ in range(2)]
    for headers in (ended, staying):
        await status(world, headers)
    store.away = True
    await status(world, ended, "DELETE", "/api/session")

    settling = world.runtime.run_task("sign-outs", logins.settle(waits.put))
    await wait_until(lambda: store.calls.count("end_login") == 2)
    store.away = False
    async with asyncio.timeout(5):
        while len(store.logins) > 1:
            assert await waits.get() == 5.0

    assert [login_id.hex() for login_id in store.logins] == [id_of(staying["Cookie"].partition("=")[2])]
    settling.cancel()


async def test_a_login_ends_after_half_an_hour_without_use(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    for _ in range(3):
        clock.ahead += timedelta(minutes=29)
        assert await status(world, headers) == 200

    clock.ahead += timedelta(minutes=30)

    assert await status(world, headers) == 401


async def test_what_a_page_fetches_by_itself_keeps_no_login_alive(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    polls = headers | {"X-LeadBoost-Background": "1"}
    for _ in range(29):
        clock.ahead += timedelta(minutes=1)
        assert await status(world, polls) == 200

    clock.ahead += timedelta(minutes=1)

    assert await status(world, polls) == 401
    assert await status(world, headers) == 401


async def test_what_a_page_fetches_by_itself_is_not_written_down_as_use(
    world: World, clock: MovedClock
) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    [stored] = store_of(world).logins.values()

    clock.ahead += timedelta(minutes=2)
    await status(world, headers | {"X-LeadBoost-Background": "1"})

    [touched] = store_of(world).logins.values()
    assert store_of(world).calls[-1] == "touch_login"
    assert touched.last_seen_at - stored.last_seen_at < timedelta(minutes=1)


@pytest.mark.parametrize("value", ["", "0", "true"])
async def test_any_other_word_in_that_header_is_a_sign_of_life(
    world: World, clock: MovedClock, value: str
) -> None:
    headers = await world.signed_in(Role.VIEWER) | {"X-LeadBoost-Background": value}
    for _ in range(3):
        clock.ahead += timedelta(minutes=20)
        assert await status(world, headers) == 200


async def test_a_login_ends_after_twelve_hours_of_use(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    statuses = []
    for _ in range(36):
        statuses.append(await status(world, headers))
        clock.ahead += timedelta(minutes=20)

    assert statuses == [200] * 36
    assert await status(world, headers) == 401


async def test_a_login_that_nobody_uses_any_more_is_not_live(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)

    clock.ahead += timedelta(minutes=30)

    assert not await world.console.logins.is_live(id_of(headers["Cookie"].partition("=")[2]))


async def test_use_is_written_down_once_a_minute_at_most(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    for _ in range(4):
        await status(world, headers)
        clock.ahead += timedelta(seconds=40)

    assert store_of(world).calls.count("find_login") == 1
    assert store_of(world).calls.count("touch_login") == 1


async def test_a_login_ended_elsewhere_ends_here_within_a_minute(world: World, clock: MovedClock) -> None:
    headers = await world.signed_in(Role.VIEWER)
    await status(world, headers)
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    store_of(world).logins.clear()

    clock.ahead += timedelta(minutes=1)

    assert await status(world, headers) == 401
    assert len(ended) == 1


async def test_a_login_in_use_stays_in_memory_when_room_runs_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.console.logins._REMEMBERED", 3)
    a, b, c, d = [await world.signed_in(Role.VIEWER, name) for name in "abcd"]

    for headers in (a, b, c, a, d, a):
        assert await status(world, headers) == 200

    assert store_of(world).calls.count("find_login") == 4
    assert await status(world, b) == 200


async def test_a_login_that_left_memory_is_taken_for_ended_only_where_the_store_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadboost.console.logins._REMEMBERED", 1)
    a, b = [await world.signed_in(Role.VIEWER, name) for name in "ab"]
    for headers in (a, b):
        await status(world, headers)
    login_id = id_of(a["Cookie"].partition("=")[2])

    answers = []
    for away in (True, False):
        store_of(world).away = away
        answers.append(await world.console.logins.is_live(login_id))
    await world.console.logins.is_live(id_of(b["Cookie"].partition("=")[2]))  # takes its place
    store_of(world).logins.clear()
    answers.append(await world.console.logins.is_live(login_id))

    assert answers == [True, True, False]


async def test_the_oldest_login_of_an_account_ends_when_it_has_too_many(world: World) -> None:
    await make(world)
    await make(world, "bob")
    ended: list[str] = []
    world.console.logins.on_end(ended.append)
    other = page(world, await sign_in(world, "bob"))

    own = [page(world, await sign_in(world)) for _ in range(21)]

    assert ended == [id_of(own[0]["Cookie"].partition("=")[2])]
    assert [await status(world, each) for each in (own[0], own[1], own[20], other)] == [401, 200, 200, 200]
    assert len(store_of(world).logins) == 21


async def test_a_login_of_the_demo_opens_nothing_outside_of_it(demo: World) -> None:
    await store_of(demo).renew_first_link(hash_of("link"), always=True)
    held = cookie(await send(demo, "/api/session/first", {"token": "link"}))

    async with running_console(accounts=store_of(demo)) as production:
        assert await status(production, {"Cookie": held}) == 401
    assert await status(demo, {"Cookie": held}) == 200


async def test_a_login_goes_on_while_the_database_is_away_within_its_time(
    world: World, clock: MovedClock
) -> None:
    headers = await world.signed_in(Role.OPERATOR)
    await status(world, headers)
    store_of(world).away = True

    for minutes in (2, 29):
        clock.ahead += timedelta(minutes=minutes)
        reply = await world.call("PUT", "/api/stock/cup", role=None, headers=headers, json={"floor": 1})
        assert reply.status == 200
    clock.ahead += timedelta(minutes=30)

    assert await status(world, headers) == 401


async def test_signing_in_waits_for_the_database(world: World) -> None:
    await make(world)
    store_of(world).away = True

    reply = await sign_in(world)

    assert (reply.status, reply.json()["code"]) == (503, "store_unavailable")
    assert reply.headers["Retry-After"] == "1"


async def test_a_login_that_only_the_database_knows_waits_for_it(world: World) -> None:
    headers = await world.signed_in(Role.VIEWER)
    store_of(world).away = True

    assert await status(world, headers) == 503


async def test_before_the_store_is_up_no_login_is_known(world: World) -> None:
    async with running_console(opened=False) as closed:
        reply = await closed.call(
            "GET", "/api/session", role=None, headers={"Cookie": f"leadboost={'a' * 43}"}
        )

        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")

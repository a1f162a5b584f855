import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.integration.console_world import Reply, World, running_console
from tests.integration.session_world import MovedClock, make, sign_in, status, store_of


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def world(clock: MovedClock) -> AsyncIterator[World]:
    async with running_console(clock=clock) as world:
        yield world


async def test_guessing_is_slowed_down_per_account_and_never_for_ever(
    world: World, clock: MovedClock
) -> None:
    await make(world)
    guesses = [(await sign_in(world, password="wrong")).status for _ in range(6)]

    held = await sign_in(world)
    clock.ahead += timedelta(seconds=30)
    later = await sign_in(world)

    assert guesses == [401] * 5 + [429]
    assert (held.status, held.json()["code"], held.headers["Retry-After"]) == (429, "too_many_attempts", "1")
    assert later.status == 200


async def test_who_has_signed_in_from_this_browser_before_gets_in_while_others_guess(
    world: World, clock: MovedClock
) -> None:
    await make(world)
    device = device_cookie(await sign_in(world))
    others = [(await sign_in(world, password="wrong")).status for _ in range(6)]

    known = await sign_in(world, Cookie=device)

    assert others == [401] * 5 + [429]
    assert (known.status, (await sign_in(world)).status) == (200, 429)


async def test_the_mark_of_one_account_or_a_made_up_one_passes_at_no_other(world: World) -> None:
    for name in ("ana", "bob"):
        await make(world, name)
    of_bob = device_cookie(await sign_in(world, "bob"))
    for _ in range(5):
        await sign_in(world, password="wrong")

    marks = [of_bob, of_bob[:-1] + "!", "leadboost-device=.", f"leadboost-device={'a' * 22}.{'0' * 64}"]
    statuses = [(await sign_in(world, Cookie=mark)).status for mark in marks]

    assert statuses == [429] * 4


async def test_the_mark_of_a_browser_is_closed_to_scripts_and_opens_nothing(world: World) -> None:
    await make(world)

    given = (await sign_in(world)).headers.getall("Set-Cookie")[1]

    attributes = given.split("; ")[1:]
    assert {"HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=15552000"} <= set(attributes)
    mark = given.partition("=")[2].partition(";")[0]
    assert await status(world, {"Cookie": f"leadboost={mark}"}) == 401
    assert await status(world, {"Authorization": f"Bearer {mark}"}) == 401


def device_cookie(reply: Reply) -> str:
    given: list[str] = reply.headers.getall("Set-Cookie")
    return given[1].partition(";")[0]


async def test_guesses_sent_at_once_are_counted_like_others(world: World) -> None:
    await make(world)

    async with asyncio.TaskGroup() as group:
        guesses = [group.create_task(sign_in(world, password=f"wrong {number}")) for number in range(12)]

    assert sorted(guess.result().status for guess in guesses) == [401] * 5 + [429] * 7


async def test_guessing_many_names_is_slowed_down_per_address(world: World) -> None:
    statuses = [(await sign_in(world, f"name {number}", "wrong")).status for number in range(22)]

    assert statuses == [401] * 20 + [429] * 2


async def test_a_success_forgets_the_failures_of_the_account(world: World) -> None:
    await make(world)
    for _ in range(3):
        statuses = [(await sign_in(world, password="wrong")).status for _ in range(4)]
        statuses.append((await sign_in(world)).status)

        assert statuses == [401] * 4 + [200]


async def test_an_outage_counts_as_nobodys_failure(world: World) -> None:
    await make(world)
    store_of(world).away = True
    refused = [(await sign_in(world)).status for _ in range(25)]

    store_of(world).away = False

    assert set(refused) == {503}
    assert (await sign_in(world)).status == 200

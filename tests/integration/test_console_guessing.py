import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.integration.console_world import World, running_console
from tests.integration.session_world import MovedClock, make, sign_in, store_of


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

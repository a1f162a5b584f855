"""What Scout is asked is answered beside its handler: nothing else waits for it, and it is bounded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from uuid import UUID

import pytest

from leadboost.actors.scout.intake import ANSWERS_AT_ONCE
from leadboost.clock import SystemClock
from leadboost.errors import AskTimeoutError, WorkLimitError
from leadboost.messages.scout import BeginIntake, HearSignals, ListSources
from leadboost.ports import NewSignal
from leadboost.store.database import Database
from tests.integration.scout_world import Scripted, World, hear, item, until, until_polled


class Closed:
    """A store that stores nothing until it is let go."""

    def __init__(self, store: Any) -> None:
        self.let_go = asyncio.Event()
        self.asked = 0
        self._store = store

    async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
        self.asked += 1
        await self.let_go.wait()
        return cast(Sequence[UUID], await self._store.save_raw_signal(*signals))


@pytest.fixture
async def world(database: Database, clock: SystemClock) -> AsyncIterator[World]:
    world = World(database, clock)
    yield world
    await world.runtime.close()


async def until_asked(store: Closed, count: int) -> None:
    async def reached() -> bool:
        await asyncio.sleep(0)
        return store.asked == count

    await until(reached)


async def test_others_are_answered_and_sources_polled_while_told_signals_are_stored(world: World) -> None:
    world.signals = store = Closed(world.signals)
    source = Scripted()
    scout = await world.spawn(source)
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(hear(scout, item(1)))
        await until_asked(store, 1)

        await scout.ask(BeginIntake(), timeout_s=5)
        await until_polled(source)
        (status,) = await scout.ask(ListSources(), timeout_s=5)

        assert (status.name, answer.done()) == ("scripted", False)
        store.let_go.set()
    assert answer.result().accepted == 1


async def test_more_answers_than_fit_are_refused_and_leave_room_for_polls(world: World) -> None:
    world.signals = store = Closed(world.signals)
    source = Scripted()
    scout = await world.spawn(source)
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(hear(scout, item(number))) for number in range(ANSWERS_AT_ONCE)]
        await until_asked(store, 2)

        with pytest.raises(WorkLimitError):
            await hear(scout, item(ANSWERS_AT_ONCE))
        await scout.ask(BeginIntake())
        await until_polled(source)
        store.let_go.set()

    assert sum(answer.result().accepted for answer in answers) == ANSWERS_AT_ONCE
    assert (await hear(scout, item(ANSWERS_AT_ONCE))).accepted == 1


async def test_what_nobody_waits_for_any_more_when_its_turn_comes_is_not_taken_in(world: World) -> None:
    world.signals = store = Closed(world.signals)
    scout = await world.spawn()
    async with asyncio.TaskGroup() as group:
        for number in range(2):
            group.create_task(hear(scout, item(number)))
        await until_asked(store, 2)
        with pytest.raises(AskTimeoutError):
            await scout.ask(HearSignals(items=[item(2)]), timeout_s=0.05)
        store.let_go.set()

    await hear(scout, item(3))

    assert await world.count() == 3

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from leadboost.actors.journal import Journal
from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.errors import StoreUnavailableError
from leadboost.messages.events import EventsCommitted
from leadboost.messages.journal import EventsPage, JournalEvent, ReadEvents
from leadboost.ports import Lease, NewEvent
from leadboost.runtime import Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore


class Faulty:
    """The real journal store, which can be told to be away."""

    def __init__(self, store: PgJournalStore) -> None:
        self._store = store
        self.away = False

    async def number(self, lease: Lease, limit: int) -> Sequence[JournalEvent]:
        if self.away:
            raise StoreUnavailableError("away")
        return await self._store.number(lease, limit)

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        return await self._store.read(since=since, epoch=epoch, limit=limit)


class World:
    """A Journal on a real database, and a probe on what it publishes."""

    def __init__(self, database: Database, runtime: Runtime) -> None:
        self.database = database
        self.runtime = runtime
        self.store = Faulty(PgJournalStore(database))
        self.numbered: Topic[Any] = Topic("numbered")
        self.reader = Probe()

    async def start(self) -> None:
        self.reader.ref = await self.runtime.spawn("reader", self.reader.actor)
        self.numbered.subscribe(self.reader.ref)
        self.journal = await self.runtime.spawn("journal", self._make)

    def _make(self) -> Journal:
        leases = PgLeaseStore(self.database)
        return Journal(store=self.store, leases=leases, holder="here", numbered=self.numbered)

    async def commit(self, kind: str) -> None:
        now = datetime.now(UTC)
        event = NewEvent(id=uuid7(SystemClock(), Rng()), kind=kind, at=now, data={"n": 1})
        async with self.database.transaction() as session:
            await insert_events(session, [event])

    async def until_numbered(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while True:
                page = await self.journal.ask(ReadEvents())
                if len(page.events) >= count:
                    return [event.kind for event in page.events]


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    runtime = Runtime(rng=Rng(7))
    world = World(database, runtime)
    await world.start()
    yield world
    await runtime.close()


async def test_doorbell_has_committed_events_numbered_and_published(world: World) -> None:
    await world.commit("stock.low")
    await world.commit("stock.out")

    world.journal.tell(EventsCommitted())

    assert await world.until_numbered(2) == ["stock.low", "stock.out"]
    numbered: list[Any] = world.reader.received
    assert [event.offset for each in numbered for event in each.events] == [1, 2]


async def test_events_are_numbered_even_if_nobody_rings(world: World) -> None:
    await world.commit("stock.out")

    assert await world.until_numbered(1) == ["stock.out"]


async def test_stop_numbers_what_is_left_and_frees_the_lease(world: World) -> None:
    world.journal.tell(EventsCommitted())
    await world.until_numbered(0)
    await world.commit("stock.out")

    await world.runtime.stop("journal")

    page = await world.store.read(since=0, epoch=None, limit=10)
    assert [event.kind for event in page.events] == ["stock.out"]
    assert await PgLeaseStore(world.database).acquire("journal", "elsewhere") is not None


async def test_stop_frees_the_lease_even_if_the_last_pass_fails(world: World) -> None:
    await world.commit("stock.out")
    await world.until_numbered(1)
    world.store.away = True

    await world.runtime.stop("journal")

    assert await PgLeaseStore(world.database).acquire("journal", "elsewhere") is not None


async def test_failed_pass_is_made_up_for_by_a_later_one(world: World) -> None:
    world.store.away = True
    await world.commit("stock.out")
    world.journal.tell(EventsCommitted())
    await world.journal.ask(ReadEvents())
    world.store.away = False

    assert await world.until_numbered(1) == ["stock.out"]
    assert world.runtime.stats()[1].restarts == 0

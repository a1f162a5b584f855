"""Who polls a source, and what is told of it: leases, silence, muting."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from leadboost.clock import SystemClock
from leadboost.connectors.push import PushSource
from leadboost.errors import SourceError, SourceGoneError
from leadboost.messages.events import StateChanged
from leadboost.messages.scout import (
    BeginIntake,
    ListSources,
    MuteSource,
    SignalsHeard,
    SourceStatus,
)
from leadboost.ports import Fetched, Lease, NewSignal, Receipt, Source
from leadboost.runtime import ActorRef
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.receipts import PgReceiptStore
from tests.integration.scout_world import (
    Scripted,
    World,
    fetched,
    hear,
    item,
    status_when,
    until,
    until_polled,
)

OFTEN = {"scripted": 1e12}  # an item is due all the time


class Held(Scripted):
    """Gives its answers once ``let_go`` is set."""

    def __init__(self, *answers: Fetched | Exception) -> None:
        super().__init__(*answers)
        self.let_go = asyncio.Event()

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        self.cursors.append(cursor)
        await self.let_go.wait()
        self.cursors.pop()
        return await super().fetch(cursor)


@pytest.fixture
async def world(database: Database, clock: SystemClock) -> AsyncIterator[World]:
    world = World(database, clock)
    yield world
    await world.runtime.close()


async def second_host(world: World, source: Scripted) -> ActorRef[Any]:
    scout = await world.runtime.spawn("scout 2", lambda: world.make(source, holder="shop-2:8:b"))
    await scout.ask(BeginIntake())
    return scout


async def begun(world: World, *sources: Source, **options: Any) -> ActorRef[Any]:
    scout = await world.spawn(*sources, **options)
    await scout.ask(BeginIntake())
    return scout


async def told(world: World, kind: str) -> list[Mapping[str, object]]:
    async with world.database.session() as session:
        rows = await session.fetch("SELECT data FROM events WHERE kind = $1 ORDER BY seq", kind)
    return [row["data"] for row in rows]


async def take_over(world: World) -> Lease:
    """Let the term run out, and another host win the next one."""
    async with world.database.session() as session:
        await session.execute("UPDATE leases SET expires_at = now() - interval '1 s'")
    lease = await PgLeaseStore(world.database).acquire("source:scripted", "shop-3:9:c")
    assert lease is not None
    return lease


async def test_of_two_hosts_one_polls_and_both_tell_who(world: World) -> None:
    first, second = Scripted(fetched(item(1), wait_s=3_600)), Scripted()
    scout = await begun(world, first)
    await status_when(scout, lambda status: status.state == "up")

    other = await second_host(world, second)
    seen = await status_when(other, lambda status: status.state == "up")

    assert (seen.host, seen.accepted, second.cursors) == ("shop-1:7", 1, [])


async def test_a_host_that_stops_hands_its_source_over_where_it_left_it(world: World) -> None:
    scout = await begun(world, Scripted(fetched(item(1), page="a", wait_s=0.5)))
    second = Scripted()
    other = await second_host(world, second)
    await status_when(scout, lambda status: status.state == "up")

    await world.runtime.stop("scout")

    await until_polled(second)
    assert second.cursors == [{"page": "a"}]
    assert (await status_when(other, lambda status: status.host == "shop-2:8")).state == "up"


async def test_a_poll_that_outlives_its_lease_stores_its_items_and_leaves_the_state_alone(
    world: World,
) -> None:
    source = Held(fetched(item(1), page="a"))
    scout = await begun(world, source)
    await until_polled(source)
    await take_over(world)
    await status_when(scout, lambda status: status.host == "shop-3:9")

    source.let_go.set()

    async def stored() -> bool:
        return await world.count() == 1

    await until(stored)
    await scout.ask(ListSources())
    assert (await world.states.load(["scripted"]))["scripted"].state is None


async def test_leases_are_renewed_and_others_answered_while_a_poll_is_taken_in(world: World) -> None:
    begun_storing, let_go = asyncio.Event(), asyncio.Event()
    store = world.signals

    class Slow:
        async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
            begun_storing.set()
            await let_go.wait()
            return cast(Sequence[UUID], await store.save_raw_signal(*signals))

    world.signals = Slow()
    scout = await begun(world, Scripted(fetched(item(1), page="a", wait_s=3_600)))
    async with asyncio.timeout(10):
        await begun_storing.wait()

    await until_looked_twice(world, scout)
    heard = await hear(scout)
    let_go.set()
    await status_when(scout, lambda status: status.state == "up")

    saved = (await world.states.load(["scripted"]))["scripted"].state
    assert (heard.accepted, saved.cursor, saved.accepted) == (0, {"page": "a"}, 1)


async def test_what_several_polls_brought_is_taken_in_two_at_a_time_and_no_more(world: World) -> None:
    under_way, most = 0, 0
    store = world.signals

    class Counting:
        async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return cast(Sequence[UUID], await store.save_raw_signal(*signals))
            finally:
                under_way -= 1

    world.signals = Counting()
    names = ["a", "b", "c", "d", "e", "f"]
    scout = await begun(
        world, *(Scripted(fetched(item(n), wait_s=3_600), name=name) for n, name in enumerate(names))
    )

    async def all_up() -> bool:
        return {each.state for each in await scout.ask(ListSources())} == {"up"}

    await until(all_up)
    assert most <= 2


async def test_a_source_that_falls_silent_is_told_once_and_told_when_it_is_heard_again(world: World) -> None:
    quiet = [fetched(wait_s=0.0) for _ in range(4)]
    source = Scripted(fetched(item(1)), *quiet, fetched(item(2)), fetched(wait_s=3_600))
    scout = await begun(world, source, expected_per_day=OFTEN)

    status = await status_when(scout, lambda _: len(source.cursors) == 7)
    await status_when(scout, lambda status: status.last_polled_at is not None and status.state == "silent")
    silent, heard = await told(world, "source.silent"), await told(world, "source.heard")

    assert status.expected_per_day == OFTEN["scripted"]
    assert [each["source"] for each in silent] == ["scripted", "scripted"]
    assert heard == [{"source": "scripted"}]


async def test_the_reason_of_a_silence_says_since_when_and_what_was_expected(world: World) -> None:
    scout = await begun(world, Scripted(fetched(item(1)), fetched(wait_s=3_600)), expected_per_day=OFTEN)

    status = await status_when(scout, lambda status: status.state == "silent")

    assert "nothing new since" in (status.reason or "")
    assert "1000000000000 a day are expected" in (status.reason or "")


async def test_a_failing_source_is_failing_and_not_silent(world: World) -> None:
    scout = await begun(
        world, Scripted(fetched(item(1)), SourceError("scripted", "is away", 60)), expected_per_day=OFTEN
    )

    status = await status_when(scout, lambda status: status.state == "failing")

    assert (status.reason, await told(world, "source.silent")) == ("is away", [])


async def mute(scout: ActorRef[Any], *, muted: bool, reason: str | None = None) -> SourceStatus | None:
    command = MuteSource(name="scripted", muted=muted, reason=reason, by="ana")
    return cast(SourceStatus | None, await scout.ask(command))


async def test_a_muted_source_is_not_polled_and_goes_on_once_it_is_unmuted(world: World) -> None:
    source = Scripted()
    scout = await world.spawn(source)
    muted = await mute(scout, muted=True, reason="noise")
    await scout.ask(BeginIntake())
    await status_when(scout, lambda status: status.host is not None)
    await until_looked_twice(world, scout)

    before = list(source.cursors)
    await mute(scout, muted=False)

    await until_polled(source)
    assert muted is not None
    assert (muted.state, muted.reason, muted.next_due_at, before) == ("muted", "noise", None, [])


async def until_looked_twice(world: World, scout: ActorRef[Any]) -> None:
    """Long enough for a poll that should not be."""
    async with world.database.session() as session:
        first = await session.fetchval("SELECT expires_at FROM leases")

        async def renewed() -> bool:
            return cast(bool, await session.fetchval("SELECT expires_at > $1 FROM leases", first))

        await until(renewed)


async def test_muting_reaches_the_host_that_polls(world: World) -> None:
    scout = await begun(world, Scripted(fetched(item(1), wait_s=3_600)))
    await status_when(scout, lambda status: status.state == "up")
    other = await second_host(world, Scripted())

    await mute(other, muted=True)

    assert (await status_when(scout, lambda status: status.muted)).state == "muted"


async def test_unmuting_a_source_that_is_gone_polls_it_again(world: World) -> None:
    source = Scripted(SourceGoneError("scripted", "is gone"), fetched(item(1), wait_s=3_600))
    scout = await begun(world, source)
    await status_when(scout, lambda status: status.state == "gone")

    await mute(scout, muted=True)
    await mute(scout, muted=False)

    assert (await status_when(scout, lambda status: status.state == "up")).accepted == 1


async def test_no_source_of_that_name_is_muted(world: World) -> None:
    scout = await world.spawn()

    assert await mute(scout, muted=True) is None


async def test_viewers_hear_of_a_state_when_it_changes(world: World) -> None:
    scout = await begun(world, Scripted(fetched(item(1), wait_s=3_600)))
    await status_when(scout, lambda status: status.state == "up")
    await until_looked_twice(world, scout)
    await world.viewer.ref.ask(ListSources())

    states = [each.data for each in world.viewer.received if isinstance(each, StateChanged)]

    assert states == [
        {"items": [{"name": "scripted", "state": state, "reason": None}]} for state in ("waiting", "up")
    ]


async def test_a_source_settles_what_is_committed_before_it_is_polled_again(world: World) -> None:
    order: list[str] = []

    async def settle(heard: SignalsHeard) -> None:
        saved = (await world.states.load(["scripted"]))["scripted"].state
        order.append(f"settled {heard.accepted} of {await world.count()} at {saved.cursor['page']}")

    class Noted(Scripted):
        async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
            order.append("polled")
            return await super().fetch(cursor)

    source = Noted(replace(fetched(item(1), page="a"), settle=settle), fetched(wait_s=3_600))
    scout = await begun(world, source)

    await status_when(scout, lambda _: len(source.cursors) == 2)

    assert order == ["polled", "settled 1 of 1 at a", "polled"]


async def test_a_source_that_cannot_settle_is_failing(world: World) -> None:
    async def settle(_: SignalsHeard) -> None:
        raise SourceError("scripted", "cannot move a file", 60)

    scout = await begun(world, Scripted(replace(fetched(item(1)), settle=settle)))

    status = await status_when(scout, lambda status: status.state == "failing")

    assert (status.reason, status.accepted) == ("cannot move a file", 1)


async def test_what_a_sender_pushed_is_counted_as_its_sources_and_once_only(world: World) -> None:
    receipts = PgReceiptStore(world.database)
    answer = '{"accepted": 4, "duplicates": 1, "rejected": []}'
    await receipts.keep(Receipt(sender="crm", id="1", body_sha256=bytes(32), answer=answer))
    scout = await begun(world, PushSource(sender="crm", tallies=receipts, min_interval_s=0.05))
    first = await status_when(scout, lambda status: status.accepted > 0)

    await receipts.keep(Receipt(sender="crm", id="2", body_sha256=bytes(32), answer=answer))
    status = await status_when(scout, lambda status: status.accepted > 4)

    assert (first.name, first.kind, first.state, first.accepted) == ("push.crm", "push", "up", 4)
    assert (status.accepted, status.duplicates) == (8, 2)

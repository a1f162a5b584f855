from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from leadboost.clock import Rng, SystemClock
from leadboost.connectors.client import ClientPolicy, EgressGuard, WebClient
from leadboost.connectors.rss import RssSource
from leadboost.domain.radar.policy import Policy
from leadboost.errors import SourceError, SourceGoneError, StoreDataError, StoreUnavailableError
from leadboost.messages.events import EventsCommitted, SignalsStored, StepReported
from leadboost.messages.scout import (
    BeginIntake,
    ListSources,
    SignalQuery,
    StoredSignal,
)
from leadboost.ports import NewSignal
from leadboost.standins.feed import FeedServer, Item, Page, gone, rss
from leadboost.store.database import Database
from leadboost.store.signals import PgSignalStore
from tests.cleaned import PSEUDONYMS
from tests.integration.scout_world import Scripted, World, fetched, hear, item, status_when, until_polled


@pytest.fixture
async def world(database: Database, clock: SystemClock) -> AsyncIterator[World]:
    world = World(database, clock)
    yield world
    await world.runtime.close()


async def test_counts_of_one_intake_add_up(world: World) -> None:
    scout = await world.spawn()

    heard = await hear(scout, item(1), item(2), item(1), item(3, text=""), "nonsense", item(2, url="ftp://x"))

    assert (heard.accepted, heard.duplicates) == (2, 1)
    assert [(each.index, each.reason.split(":")[0]) for each in heard.rejected] == [
        (3, "text"),
        (4, "signal"),
        (5, "url"),
    ]


async def test_second_telling_is_all_duplicates_even_with_new_counters(world: World) -> None:
    scout = await world.spawn()
    items = [item(number) for number in range(1_200)]
    first = await hear(scout, *items)

    second = await hear(scout, *(each | {"engagement": {"score": 5}} for each in items))

    assert (first.accepted, first.duplicates) == (1_200, 0)
    assert (second.accepted, second.duplicates) == (0, 1_200)
    assert await world.count() == 1_200


async def test_edited_text_under_the_same_id_is_a_new_signal(world: World) -> None:
    scout = await world.spawn()
    await hear(scout, item(1))

    heard = await hear(scout, item(1, text="I need two fans"))

    assert heard.accepted == 1


async def test_new_signals_are_published_and_listed_newest_first(world: World) -> None:
    scout = await world.spawn()
    await hear(scout, item(1), item(2))
    await hear(scout, item(1))

    stored: Sequence[StoredSignal] = (await PgSignalStore(world.database).page(SignalQuery())).items
    await world.told.ref.ask(ListSources())

    assert [each.signal.external_id for each in stored] == ["id-2", "id-1"]
    assert world.told.received[:2] == [EventsCommitted(), SignalsStored(count=2)]
    assert len(world.told.received) == 3


async def test_hostile_characters_reach_the_database_tamed(world: World) -> None:
    scout = await world.spawn()
    nasty = item(1, text="fan\x00 \ud800now", author="a\x00b", odd={"k\x00": ["\udfff", float("inf"), 2**80]})

    heard = await hear(scout, nasty)
    (stored,) = (await PgSignalStore(world.database).page(SignalQuery())).items

    assert heard.accepted == 1
    assert (stored.signal.text, stored.signal.author) == ("fan now", PSEUDONYMS.author("ab"))


async def test_item_that_the_database_refuses_is_rejected_alone(world: World) -> None:
    store = world.signals

    class Picky:
        async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
            if any(new.signal.external_id == "id-3" for new in signals):
                raise StoreDataError("no")
            return cast(Sequence[UUID], await store.save_raw_signal(*signals))

    world.signals = Picky()
    scout = await world.spawn()

    heard = await hear(scout, *(item(number) for number in range(8)))

    assert (heard.accepted, [each.index for each in heard.rejected]) == (7, [3])


async def test_every_signal_is_counted_by_its_source_and_what_became_of_it(world: World) -> None:
    world.policy = Policy(blocked_words=("casino",))
    scout = await world.spawn()

    await hear(scout, item(1), item(1), item(2, text="casino bonus"), item(3, text=""), {"source": "other"})
    await hear(scout, item(1))

    assert world.tally.counts() == {
        ("test", "accepted"): 1,
        ("test", "duplicate"): 2,
        ("test", "blocked_word"): 1,
        ("test", "invalid"): 1,
        ("other", "invalid"): 1,
    }


async def test_feed_is_stored_once_and_asked_with_its_etag(world: World, clock: SystemClock) -> None:
    async with FeedServer() as feeds:
        feeds.pages["/feed"] = Page(
            body=rss([Item(guid="1", title="Fans"), Item(guid="2", title="Heat")]), etag='"1"'
        )
        policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0)
        client = WebClient(policy, guard=EgressGuard(allow_hosts=["127.0.0.1"]), clock=clock, rng=Rng(1))
        source = RssSource(
            name="news", url=feeds.url("/feed"), client=client, clock=clock, rng=Rng(2), min_interval_s=0.05
        )
        scout = await world.spawn(source)
        await scout.ask(BeginIntake())

        await status_when(scout, lambda _: len(feeds.statuses) >= 3)
        status = await status_when(scout, lambda status: status.reason == "not modified")
        await client.close()

    assert list(feeds.statuses)[:3] == [200, 304, 304]
    assert (status.state, status.accepted, status.duplicates) == ("up", 2, 0)
    assert await world.count() == 2


async def test_the_timeline_hears_of_polling_and_then_of_nothing_more(world: World) -> None:
    scout = await world.spawn(Scripted(fetched(item(1), wait_s=3_600.0)))
    await scout.ask(BeginIntake())

    await status_when(scout, lambda status: status.state == "up")

    assert shown(world) == [(None, None), ("PROCESSING", "scripted"), (None, None)]


async def test_the_timeline_hears_why_a_source_fails(world: World) -> None:
    scout = await world.spawn(Scripted(SourceError("scripted", "is busy", 1_800.0)))
    await scout.ask(BeginIntake())

    await status_when(scout, lambda status: status.state == "failing")

    assert shown(world)[-1] == ("ERROR", "scripted: is busy")


def shown(world: World) -> list[tuple[str | None, str | None]]:
    reports = cast(list[StepReported], world.radar.received)
    return [(report.state, report.detail) for report in reports]


async def test_nothing_is_polled_before_intake_begins(world: World) -> None:
    source = Scripted()
    scout = await world.spawn(source)

    (status,) = await scout.ask(ListSources())

    assert (status.state, source.cursors) == ("waiting", [])


async def test_begin_told_twice_polls_once(world: World) -> None:
    source = Scripted(fetched(item(1), wait_s=3_600.0))
    scout = await world.spawn(source)
    await scout.ask(BeginIntake())
    await scout.ask(BeginIntake())

    await status_when(scout, lambda status: status.state == "up")

    assert len(source.cursors) == 1


async def test_cursor_of_the_last_poll_is_where_the_next_start_goes_on(world: World) -> None:
    scout = await world.spawn(Scripted(fetched(item(1), page="a")))
    await scout.ask(BeginIntake())
    await status_when(scout, lambda status: status.state == "up")
    await world.runtime.stop("scout")
    source = Scripted()

    await world.runtime.spawn("scout again", lambda: world.make(source))

    await until_polled(source)
    assert source.cursors == [{"page": "a"}]


async def test_cursor_stays_when_the_items_could_not_be_stored(world: World) -> None:
    class Away:
        async def save_raw_signal(self, *signals: NewSignal) -> Sequence[UUID]:
            raise StoreUnavailableError("the database is away")

    world.signals = Away()
    scout = await world.spawn(Scripted(fetched(item(1), page="a")))
    await scout.ask(BeginIntake())

    status = await status_when(scout, lambda status: status.state == "failing")

    assert "could not be stored" in (status.reason or "")
    assert (await world.states.load(["scripted"]))["scripted"].state is None


async def test_failing_source_waits_as_long_as_it_asks_for(world: World, clock: SystemClock) -> None:
    scout = await world.spawn(Scripted(SourceError("scripted", "is busy", 1_800.0)))
    await scout.ask(BeginIntake())

    status = await status_when(scout, lambda status: status.state == "failing")

    assert status.reason == "is busy"
    assert status.next_due_at is not None
    assert timedelta(minutes=29) < status.next_due_at - clock.now() <= timedelta(minutes=30)


async def test_restart_keeps_to_the_wait_that_a_failing_source_asked_for(world: World) -> None:
    scout = await world.spawn(Scripted(SourceError("scripted", "is busy", 3_600.0)))
    await scout.ask(BeginIntake())
    await status_when(scout, lambda status: status.state == "failing")
    await world.runtime.stop("scout")
    waiting, other = Scripted(), Scripted(name="other")

    await world.runtime.spawn("scout again", lambda: world.make(waiting, other))

    await until_polled(other)
    assert waiting.cursors == []


async def test_unforeseen_error_of_a_source_hurts_no_one_else(world: World) -> None:
    scout = await world.spawn(Scripted(ZeroDivisionError()))
    await scout.ask(BeginIntake())

    status = await status_when(scout, lambda status: status.state == "failing")

    assert status.reason == "internal error (ZeroDivisionError)"
    assert (await hear(scout, item(1))).accepted == 1


async def test_gone_source_is_left_alone_until_the_next_start(world: World) -> None:
    first = Scripted(SourceGoneError("scripted", "is gone"))
    scout = await world.spawn(first)
    await scout.ask(BeginIntake())
    status = await status_when(scout, lambda status: status.state == "gone")
    saved = (await world.states.load(["scripted"]))["scripted"].state

    assert (len(first.cursors), status.next_due_at, saved.state) == (1, None, "gone")


async def test_feed_that_is_gone_keeps_its_state_and_reason(world: World, clock: SystemClock) -> None:
    async with FeedServer() as feeds:
        feeds.pages["/feed"] = gone()
        policy = ClientPolicy(user_agent="LeadBoost/test", gap_s=0.0)
        client = WebClient(policy, guard=EgressGuard(allow_hosts=["127.0.0.1"]), clock=clock, rng=Rng(1))
        scout = await world.spawn(
            RssSource(name="news", url=feeds.url("/feed"), client=client, clock=clock, rng=Rng(2))
        )
        await scout.ask(BeginIntake())

        status = await status_when(scout, lambda status: status.state == "gone")
        await client.close()

    assert "gone for good (410)" in (status.reason or "")

"""When Mirror sends, listens again, and calls itself deaf; on virtual time."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from leadboost.actors.mirror import BEAT_S, EVENTS_AT_ONCE, Mirror
from leadboost.domain.echo import Echo
from leadboost.domain.halt import Halt, Scope
from leadboost.errors import MirrorError
from leadboost.messages.events import EventsCommitted, EventsNumbered, HaltTripped
from leadboost.messages.health import ComponentHealth
from leadboost.messages.journal import JournalEvent
from leadboost.messages.mirror import Echoed, HostNews
from leadboost.runtime import ActorRef
from leadboost.runtime.testing import System

AT = datetime(2026, 1, 1, tzinfo=UTC)
HALT = Halt(
    id=UUID(int=1),
    scope=Scope("global"),
    reason="r",
    tripped_by="ana",
    tripped_at=AT,
)


class Link:
    """A way to other hosts that may be away, or slow."""

    def __init__(self) -> None:
        self.sent: list[HostNews] = []
        self.listened = 0
        self.away = False
        self.takes_s = 0.0
        self.deaf = asyncio.Event()

    async def send(self, news: HostNews) -> None:
        await asyncio.sleep(self.takes_s)
        if self.away:
            raise MirrorError("away")
        self.sent.append(news)

    async def listen(self) -> None:
        self.listened += 1
        await self.deaf.wait()
        raise MirrorError("deaf")

    def offsets(self) -> list[int]:
        return [event.offset for news in self.sent for event in news.events]


def numbered(first: int, last: int) -> EventsNumbered:
    return EventsNumbered(
        events=tuple(
            JournalEvent(epoch="e", offset=offset, kind="k", at=AT, data={})
            for offset in range(first, last + 1)
        )
    )


async def start(system: System, link: Link, told: list[ComponentHealth]) -> tuple[ActorRef[Any], Echo]:
    echo = Echo(system.clock)
    ref = await system.spawn(lambda: Mirror(link=link, echo=echo, health=told.append), name="mirror")
    await system.settle()
    return ref, echo


async def test_what_is_numbered_is_sent_in_order_one_sending_at_a_time(system: System) -> None:
    link = Link()
    ref, _ = await start(system, link, [])
    link.takes_s = 0.1

    for first in range(1, 1_001, 100):
        ref.tell(numbered(first, first + 99))
    await asyncio.sleep(1)

    assert link.offsets() == list(range(1, 1_001))
    assert max(len(news.events) for news in link.sent) <= EVENTS_AT_ONCE


async def test_many_commits_ring_once_while_a_sending_is_under_way(system: System) -> None:
    link = Link()
    ref, _ = await start(system, link, [])
    link.takes_s = 0.1

    for _ in range(100):
        ref.tell(EventsCommitted())
    await asyncio.sleep(0.5)

    assert 1 <= sum(news.committed for news in link.sent) <= 2


async def test_what_could_not_be_sent_is_dropped_and_later_news_go_out(system: System) -> None:
    link = Link()
    ref, _ = await start(system, link, [])
    link.away = True
    ref.tell(numbered(1, 5))
    await asyncio.sleep(0.1)
    link.away = False

    ref.tell(numbered(6, 7))
    await asyncio.sleep(0.1)

    assert link.offsets() == [6, 7]


async def test_a_beat_goes_out_each_second(system: System) -> None:
    link = Link()
    await start(system, link, [])

    await asyncio.sleep(5.5 * BEAT_S)

    assert sum(news.beat for news in link.sent) == 6


async def test_health_is_degraded_until_an_echo_comes_and_again_when_it_stays_away(system: System) -> None:
    told: list[ComponentHealth] = []
    ref, echo = await start(system, Link(), told)
    states = []

    await asyncio.sleep(1.5)
    states.append((told[-1].state, echo.failure() is None))
    ref.tell(Echoed())
    await asyncio.sleep(1.0)
    states.append((told[-1].state, echo.failure() is None))
    await asyncio.sleep(4.0)
    states.append((told[-1].state, echo.failure() is None))

    assert states == [("DEGRADED", False), ("RUNNING", True), ("DEGRADED", False)]
    assert "no echo from Redis for" in str(told[-1].detail)


async def test_it_listens_again_after_it_became_deaf(system: System) -> None:
    link = Link()
    await start(system, link, [])
    link.deaf.set()

    await asyncio.sleep(1.1)

    assert 4 <= link.listened <= 7


async def test_a_trip_goes_out_until_it_left(system: System) -> None:
    link = Link()
    ref, _ = await start(system, link, [])
    link.away = True
    ref.tell(HaltTripped(halt=HALT))
    await asyncio.sleep(3)
    link.away = False
    await asyncio.sleep(2)

    assert [news.trips for news in link.sent if news.trips] == [(HALT,)]

"""Who of several hosts journals what other software says; on virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadboost.actors.listener import Listener
from leadboost.errors import LeaseLostError, StoreUnavailableError
from leadboost.messages.events import ForeignSaid
from leadboost.ports import Lease, NewEvent
from leadboost.runtime import ActorRef, Topic
from leadboost.runtime.testing import System


class Common:
    """What hosts have in common: the lease and the journal, in memory."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.holder: str | None = None
        self.epoch = 0
        self.journal: dict[object, NewEvent] = {}
        self.away = False
        self.loses_answers = False

    async def acquire(self, name: str, holder: str) -> Lease | None:
        return await self.keep(name, holder, None)

    async def renew(self, lease: Lease) -> Lease:
        return lease

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        if self.holder not in (None, holder):
            return None
        if lease is None or self.holder is None:
            self.holder, self.epoch = holder, self.epoch + 1
            lease = Lease(name=name, holder=holder, epoch=self.epoch, trusted_until=0.0)
        return replace(lease, trusted_until=self._system.clock.monotonic() + 6)

    async def release(self, lease: Lease) -> None:
        self.holder = None

    async def record(self, events: Sequence[NewEvent], lease: Lease) -> None:
        if self.away:
            raise StoreUnavailableError("away")
        if lease.epoch != self.epoch:
            raise LeaseLostError(lease.name)
        for event in events:
            self.journal.setdefault(event.id, event)
        if self.loses_answers:
            raise StoreUnavailableError("no answer")

    async def digests(self, since: datetime) -> Sequence[str]:
        return [str(each.data["digest"]) for each in self.journal.values() if each.at >= since]

    def said(self) -> list[object]:
        return [each.data["message"] for each in self.journal.values()]

    def die(self) -> None:
        """The holder ends without a word, and its term with it."""
        self.holder = None


class Hosts:
    def __init__(self, system: System, refs: list[ActorRef[Any]]) -> None:
        self._system = system
        self.refs = refs

    def say(self, message: object, *, deaf: int | None = None) -> None:
        said = ForeignSaid(message=message, digest=str(message), at=self._system.clock.now())
        for number, ref in enumerate(self.refs):
            if number != deaf:
                ref.tell(said)


async def start(system: System, common: Common, count: int) -> Hosts:
    refs = []
    for number in range(count):
        holder = f"host-{number}"

        def make(holder: str = holder) -> Listener:
            return Listener(store=common, leases=common, holder=holder, committed=Topic("committed"))

        refs.append(await system.spawn(make, name=holder))
        await system.settle()
    return Hosts(system, refs)


async def test_of_two_hosts_one_writes(system: System) -> None:
    common = Common(system)
    hosts = await start(system, common, 2)

    for number in range(10):
        hosts.say(number)
    await asyncio.sleep(1)

    assert common.said() == list(range(10))


async def test_whoever_takes_over_writes_what_the_last_holder_did_not_come_to(system: System) -> None:
    common = Common(system)
    hosts = await start(system, common, 2)
    hosts.say("before")
    await asyncio.sleep(1)

    common.die()
    common.epoch += 1  # somebody else raised it: the dead holder's writes are refused
    await system.runtime.stop("host-0")
    common.holder = "nobody"
    hosts.refs = hosts.refs[1:]
    hosts.say("between")
    await asyncio.sleep(5)
    common.holder = None
    await asyncio.sleep(5)
    hosts.say("after")
    await asyncio.sleep(1)

    assert common.said() == ["before", "between", "after"]


async def test_what_was_said_twice_is_written_twice_also_over_a_take_over(system: System) -> None:
    common = Common(system)
    hosts = await start(system, common, 2)
    hosts.say("again")
    hosts.say("again")
    await asyncio.sleep(1)
    await system.runtime.stop("host-0")
    hosts.refs = hosts.refs[1:]

    hosts.say("again")
    await asyncio.sleep(5)

    assert common.said() == ["again"] * 3


async def test_what_could_not_be_written_is_written_once_the_database_is_back(system: System) -> None:
    common = Common(system)
    hosts = await start(system, common, 1)
    common.away = True
    hosts.say("early")
    await asyncio.sleep(3)
    common.away, common.loses_answers = False, True
    await asyncio.sleep(3)
    common.loses_answers = False
    hosts.say("late")
    await asyncio.sleep(3)

    assert common.said() == ["early", "late"]


async def test_a_flood_is_bounded_and_its_newest_is_kept(system: System) -> None:
    common = Common(system)
    hosts = await start(system, common, 1)
    common.away = True

    for number in range(12_000):
        hosts.say(number)
        if number % 1_000 == 0:
            await system.settle()
    await system.settle()
    common.away = False
    await asyncio.sleep(60)

    assert common.said()[-1] == 11_999
    assert 4_000 < len(common.journal) <= 6_000

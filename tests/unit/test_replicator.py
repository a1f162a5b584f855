"""When Replicator writes, waits and tries again; on virtual time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

from leadboost.actors.replicator import Replicator
from leadboost.domain.signal import Signal
from leadboost.errors import LeaseLostError, ReplicaError
from leadboost.messages.health import ComponentHealth
from leadboost.messages.journal import EventsPage, JournalEvent
from leadboost.messages.scout import StoredSignal
from leadboost.ports import Document, Lease, ReplicaProgress, Written
from leadboost.runtime.testing import System

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CREATED, BUSY = Written(outcome="done"), Written(outcome="busy")
Answer = Callable[[Sequence[Document]], Sequence[Written]]


def all_created(documents: Sequence[Document]) -> Sequence[Written]:
    return [CREATED] * len(documents)


def refusing(error: ReplicaError) -> Answer:
    def refuse(_: Sequence[Document]) -> Sequence[Written]:
        raise error

    return refuse


def busy(retry_after_s: float | None = None) -> Answer:
    return refusing(ReplicaError("firestore", "is busy", retry_after_s=retry_after_s))


class World:
    """A journal of accepted signals, their rows, leases and a copy, all in memory; times are virtual."""

    name = "firestore"
    destination = "there"

    def __init__(self, system: System, signals: int) -> None:
        self._system = system
        self.signals = signals
        self.answers: list[Answer] = []
        self.tried: list[tuple[float, list[int]]] = []
        self.signed_at: list[float] = []
        self.kept_at: list[float] = []
        self.saved: ReplicaProgress | None = None
        self.holder: str | None = None
        self.write_takes_s = 0.0
        self.told: list[ComponentHealth] = []

    async def start(self, **given: float) -> "World":
        await self._system.spawn(
            lambda: Replicator(
                replica=self,
                progress=self,
                events=Journal(self),
                signals=Rows(),
                leases=Leases(self),
                holder="here",
                health=self.told.append,
                **({"documents_per_s": 1e9} | given),  # type: ignore[arg-type]  # numbers alone
            )
        )
        return self

    def now(self) -> float:
        return round(self._system.clock.monotonic(), 3)

    async def write(self, documents: Sequence[Document]) -> Sequence[Written]:
        numbers = [UUID(each.key.removeprefix("signal/")).int for each in documents]
        self.tried.append((self.now(), numbers))
        await asyncio.sleep(self.write_takes_s)
        return (self.answers.pop(0) if self.answers else all_created)(documents)

    async def sign(self, progress: ReplicaProgress) -> None:
        self.signed_at.append(self.now())

    async def load(self, destination: str) -> ReplicaProgress | None:
        return self.saved

    async def save(self, progress: ReplicaProgress, lease: Lease) -> None:
        if self.holder != lease.holder:
            raise LeaseLostError(lease.name)
        self.saved = progress

    @property
    def waits(self) -> list[float]:
        """Seconds between one write and the next."""
        return [round(after - before, 3) for (before, _), (after, _) in pairwise(self.tried)]


class Journal:
    """``EventLog`` of the world's signals."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, *, since: int, epoch: str | None, limit: int) -> EventsPage:
        newest = self._world.signals
        events = tuple(_event(offset) for offset in range(since + 1, min(since + limit, newest) + 1))
        return EventsPage(epoch="e", offset=newest, recovered=True, events=events)

    async def latest_steps(self) -> Sequence[JournalEvent]:
        return ()


class Rows:
    """``SignalReader`` in which every signal stands."""

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredSignal]:
        signal = Signal(source="shop", external_id="1", text="fan")
        return {
            each: StoredSignal(id=each, seq=1, signal=signal, state="pending", reason=None, heard_at=AT)
            for each in ids
        }


class Leases:
    """``LeaseStore`` of one lease."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._epoch = 0

    async def keep(self, name: str, holder: str, lease: Lease | None) -> Lease | None:
        world = self._world
        world.kept_at.append(world.now())
        if world.holder not in (None, holder):
            return None
        world.holder = holder
        if lease is None:
            self._epoch += 1
        return Lease(name=name, holder=holder, epoch=self._epoch, trusted_until=world.now() + 6)

    async def acquire(self, name: str, holder: str) -> Lease | None:
        return await self.keep(name, holder, None)

    async def renew(self, lease: Lease) -> Lease:
        return replace(lease, trusted_until=self._world.now() + 6)

    async def release(self, lease: Lease) -> None:
        self._world.holder = None


def _event(offset: int) -> JournalEvent:
    return JournalEvent(
        epoch="e", offset=offset, kind="signal.accepted", at=AT, data={"id": str(UUID(int=offset))}
    )


async def test_tries_at_a_busy_service_grow_from_a_second_to_a_minute(system: System) -> None:
    world = World(system, 1)
    world.answers = [busy()] * 12
    await world.start()

    await asyncio.sleep(600)

    assert len(world.tried) == 13
    assert 0.5 <= world.waits[0] <= 1.0
    assert all(2 ** (n - 1) <= wait <= 2**n for n, wait in enumerate(world.waits[1:6], 1))
    assert all(30 <= wait <= 60 for wait in world.waits[6:])
    assert len(set(world.waits[6:])) > 1  # jitter


async def test_the_service_may_ask_for_a_longer_wait(system: System) -> None:
    world = World(system, 1)
    world.answers = [busy(90), busy(0)]
    await world.start()

    await asyncio.sleep(200)

    assert world.waits[0] == 90
    assert world.waits[1] < 3


async def test_waits_are_short_again_after_a_success(system: System) -> None:
    world = World(system, 150)
    world.answers = [*[busy()] * 6, all_created, busy()]
    await world.start()

    await asyncio.sleep(200)

    assert [len(numbers) for _, numbers in world.tried[-3:]] == [100, 50, 50]
    assert world.waits[-1] <= 1


async def test_what_somebody_has_to_mend_is_looked_at_every_five_minutes(system: System) -> None:
    world = World(system, 1)
    world.answers = [refusing(ReplicaError("firestore", "denied", lasting=True))] * 2
    await world.start()

    await asyncio.sleep(620)

    assert world.waits == [300, 300]
    assert [each.state for each in world.told[:4]] == ["STARTING", "DEGRADED", "DEGRADED", "RUNNING"]


async def test_only_what_is_not_settled_is_written_again(system: System) -> None:
    world = World(system, 4)
    world.answers = [lambda _: [CREATED, BUSY, CREATED, BUSY], lambda _: [BUSY, CREATED]]
    await world.start()

    await asyncio.sleep(20)

    assert [numbers for _, numbers in world.tried] == [[1, 2, 3, 4], [2, 4], [2]]
    assert world.saved == ReplicaProgress(destination="there", epoch="e", offset=4, documents=4)


async def test_nothing_is_stored_before_all_of_a_batch_is_settled(system: System) -> None:
    world = World(system, 2)
    world.answers = [lambda _: [CREATED, BUSY], *[busy()] * 50]
    await world.start()

    await asyncio.sleep(300)

    assert world.saved is None
    assert world.told[-1].state == "WAITING"


async def test_batches_keep_to_the_pace(system: System) -> None:
    world = await World(system, 500).start(documents_per_s=25)

    await asyncio.sleep(60)

    assert [len(numbers) for _, numbers in world.tried] == [100] * 5
    assert world.waits == [4.0] * 4


async def test_the_lease_is_kept_while_a_write_takes_its_time(system: System) -> None:
    world = World(system, 1)
    world.write_takes_s = 30
    await world.start()

    await asyncio.sleep(29)
    kept = [at - world.kept_at[0] for at in world.kept_at]
    await asyncio.sleep(2)

    assert kept == [2.0 * n for n in range(15)]
    assert world.saved is not None


async def test_a_host_without_the_lease_writes_nothing(system: System) -> None:
    world = World(system, 3)
    world.holder = "there"
    await world.start()

    await asyncio.sleep(60)
    written = list(world.tried)
    world.holder = None
    await asyncio.sleep(3)

    assert written == []
    assert [numbers for _, numbers in world.tried] == [[1, 2, 3]]


async def test_a_host_that_lost_the_lease_while_it_wrote_stores_no_offset(system: System) -> None:
    world = World(system, 1)
    world.write_takes_s = 3
    await world.start()
    await asyncio.sleep(1)
    world.holder = "there"

    await asyncio.sleep(30)

    assert world.saved is None
    assert len(world.tried) == 1


async def test_the_copy_is_signed_before_the_first_write_and_then_every_half_minute(system: System) -> None:
    world = await World(system, 2_000).start(documents_per_s=10)

    await asyncio.sleep(120)

    assert world.signed_at[0] <= world.tried[0][0]
    assert len(world.signed_at) == 4
    assert all(30 <= after - before <= 32 for before, after in pairwise(world.signed_at))


async def test_an_idle_copy_writes_nothing_and_signs_once(system: System) -> None:
    world = await World(system, 0).start()

    await asyncio.sleep(600)

    assert (world.tried, len(world.signed_at)) == ([], 1)
    assert world.told[-1].detail == "up to date, 0 documents, offset 0 of 0"

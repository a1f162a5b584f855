"""A replicator on a real database, before a stand-in of Firestore or a replica of the test's own."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from leadboost.actors.replicator import Replicator
from leadboost.clock import Rng, SystemClock, uuid7
from leadboost.domain.radar.cleaning import Finding
from leadboost.domain.signal import Signal
from leadboost.messages.health import ComponentHealth
from leadboost.ports import Document, NewEvent, NewSignal, Replica, ReplicaProgress, Written
from leadboost.runtime import Child, Runtime
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore
from leadboost.store.replicas import PgReplicaStore
from leadboost.store.signals import PgSignalStore

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_CLOCK, _RNG = SystemClock(), Rng(3)


def new_signals(count: int, **given: object) -> list[NewSignal]:
    """Signals of unlike contents."""
    return [
        NewSignal(
            id=(drawn := uuid7(_CLOCK, _RNG)),
            content_hash=hashlib.sha256(drawn.bytes).digest(),
            signal=Signal(
                **{  # type: ignore[arg-type]  # a test replaces any of them
                    "source": "reddit.fans",
                    "external_id": str(drawn),
                    "text": f"Which fan, number {number}?",
                    "title": "Fans",
                    "published_at": AT,
                    "engagement": {"score": 12.0},
                    "extra": {"subreddit": "fans", "adult": False},
                    **given,
                }
            ),
            finding=Finding(language="en", topics=("fans",), spam=0.25),
        )
        for number in range(count)
    ]


async def hear(database: Database, signals: Sequence[NewSignal]) -> list[UUID]:
    """Store signals as Scout does, and number their events as Journal does."""
    for start in range(0, len(signals), 500):
        await PgSignalStore(database).save_raw_signal(*signals[start : start + 500])
    await number(database)
    return [each.id for each in signals]


async def happen(database: Database, kind: str, **data: object) -> None:
    """Commit one event and number it."""
    event = NewEvent(id=uuid7(_CLOCK, _RNG), kind=kind, at=AT, data=data)
    async with database.transaction() as session:
        await insert_events(session, [event])
    await number(database)


async def number(database: Database) -> None:
    """Give every event its offset."""
    lease = await PgLeaseStore(database).acquire("journal", "here")
    assert lease is not None
    while len(await PgJournalStore(database).number(lease, 1_000)) == 1_000:
        pass


class Dying:
    """A replica that passes on to another one, and dies once each after these writes were done."""

    def __init__(self, replica: Replica, dies_after: Sequence[int] = ()) -> None:
        self.name = replica.name
        self.destination = replica.destination
        self._replica = replica
        self._dies_after = frozenset(dies_after)
        self._writes = 0
        self._grown = asyncio.Event()

    async def write(self, documents: Sequence[Document]) -> Sequence[Written]:
        written = await self._replica.write(documents)
        self._writes += 1
        self._grown.set()
        if self._writes in self._dies_after:
            raise RuntimeError("dies after the documents were written")
        return written

    async def sign(self, progress: ReplicaProgress) -> None:
        await self._replica.sign(progress)

    async def until(self, writes: int) -> None:
        """Wait until so many writes were done."""
        async with asyncio.timeout(60):
            while self._writes < writes:
                self._grown.clear()
                await self._grown.wait()


class Host:
    """One host with a replicator; ``told`` is what it said of itself, oldest first."""

    def __init__(self, database: Database, replica: Replica, name: str = "here", **given: object) -> None:
        self.database = database
        self.name = name
        self.told: list[ComponentHealth] = []
        self._grown = asyncio.Event()
        self._replica = replica
        self._given = given
        self.runtime = Runtime(clock=database.clock, rng=database.rng.fork(name))

    async def start(self) -> "Host":
        await self.runtime.spawn("replicator", self._make, Child(intensity=(5, 60.0)))
        return self

    def _make(self) -> Replicator:
        settings: dict[str, object] = {
            "replica": self._replica,
            "progress": PgReplicaStore(self.database),
            "events": PgJournalStore(self.database),
            "signals": PgSignalStore(self.database),
            "leases": PgLeaseStore(self.database),
            "holder": self.name,
            "health": self._hear,
            "documents_per_s": 1e9,
            "first_wait_s": 0.01,
        }
        return Replicator(**(settings | self._given))  # type: ignore[arg-type]  # a test replaces any of them

    def _hear(self, health: ComponentHealth) -> None:
        self.told.append(health)
        self._grown.set()

    async def until(self, text: str, *, within_s: float = 20) -> ComponentHealth:
        """Wait until it says something with this text, state before detail."""
        seen = 0
        async with asyncio.timeout(within_s):
            while True:
                for each in self.told[seen:]:
                    if text in f"{each.state} {each.detail}":
                        return each
                seen = len(self.told)
                self._grown.clear()
                await self._grown.wait()

    @property
    def restarts(self) -> int:
        return self.runtime.stats()[0].restarts

    async def progress(self) -> ReplicaProgress | None:
        return await PgReplicaStore(self.database).load(self._replica.destination)

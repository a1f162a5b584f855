"""Scout on a real database, its sources scripted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from leadboost.actors.scout import Intake, Scout
from leadboost.clock import Rng, SystemClock
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.tally import IntakeTally
from leadboost.messages.events import EventsCommitted, SignalsStored, StateChanged, StepReported
from leadboost.messages.scout import HearSignals, ListSources, SignalsHeard, SourceStatus
from leadboost.ports import Fetched
from leadboost.runtime import ActorRef, Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.database import Database
from leadboost.store.leases import PgLeaseStore
from leadboost.store.radar import PgKnowledgeStore
from leadboost.store.signals import PgSignalStore
from leadboost.store.sources import PgSourceStore
from tests.cleaned import PSEUDONYMS


class World:
    """Scout on a real database, with probes on its topics."""

    def __init__(self, database: Database, clock: SystemClock) -> None:
        self.database = database
        self.signals: Any = PgSignalStore(database)
        self.knowledge: Any = PgKnowledgeStore(database)
        self.policy = Policy()
        self.states: Any = PgSourceStore(database)
        self.intake = Intake()
        self.tally = IntakeTally()
        self.runtime = Runtime(clock=clock, rng=Rng(7))
        self.committed: Topic[EventsCommitted] = Topic("committed")
        self.stored: Topic[SignalsStored] = Topic("stored")
        self.steps: Topic[StepReported] = Topic("steps")
        self.state: Topic[StateChanged] = Topic("state")
        self.told = Probe()
        self.radar = Probe()
        self.viewer = Probe()

    async def spawn(self, *sources: object, **options: Any) -> ActorRef[Any]:
        self.told.ref = await self.runtime.spawn("told", self.told.actor)
        self.committed.subscribe(self.told.ref)
        self.stored.subscribe(self.told.ref)
        self.radar.ref = await self.runtime.spawn("radar", self.radar.actor)
        self.steps.subscribe(self.radar.ref)
        self.viewer.ref = await self.runtime.spawn("viewer", self.viewer.actor)
        self.state.subscribe(self.viewer.ref)
        return await self.runtime.spawn("scout", lambda: self.make(*sources, **options))

    def make(self, *sources: Any, holder: str = "shop-1:7:a", **options: Any) -> Scout:
        return Scout(
            signals=self.signals,
            knowledge=self.knowledge,
            policy=self.policy,
            pseudonyms=PSEUDONYMS,
            states=self.states,
            leases=PgLeaseStore(self.database),
            holder=holder,
            sources=sources,
            committed=self.committed,
            stored=self.stored,
            steps=self.steps,
            state=self.state,
            intake=self.intake,
            tally=self.tally,
            spread_s=0.0,
            look_s=0.05,
            **options,
        )

    async def count(self) -> int:
        async with self.database.session() as session:
            return cast(int, await session.fetchval("SELECT count(*) FROM raw_signals"))


class Scripted:
    """A source that gives its answers in turn, then waits for ever; remembers the cursors it got."""

    kind = "scripted"

    def __init__(self, *answers: Fetched | Exception, name: str = "scripted") -> None:
        self.name = name
        self.cursors: list[Mapping[str, object]] = []
        self._answers = list(answers)

    async def check(self) -> str:
        return "scripted"

    async def fetch(self, cursor: Mapping[str, object]) -> Fetched:
        self.cursors.append(cursor)
        if not self._answers:
            await asyncio.Event().wait()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def item(number: int, **fields: object) -> dict[str, object]:
    return {"source": "test", "external_id": f"id-{number}", "text": f"I need fan {number}"} | fields


def fetched(*items: Mapping[str, object], wait_s: float = 0.0, **cursor: object) -> Fetched:
    return Fetched(items=items, cursor=cursor, wait_s=wait_s)


async def hear(scout: ActorRef[Any], *items: object) -> SignalsHeard:
    return await scout.ask(HearSignals(items=cast(Any, items)), timeout_s=10)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await reached():
            pass


async def until_polled(source: Scripted) -> None:
    async def polled() -> bool:
        await asyncio.sleep(0)
        return bool(source.cursors)

    await until(polled)


async def status_when(scout: ActorRef[Any], matches: Callable[[SourceStatus], bool]) -> SourceStatus:
    found: list[SourceStatus] = []

    async def reached() -> bool:
        (status,) = await scout.ask(ListSources())
        found[:] = [status]
        return matches(status)

    await until(reached)
    return found[0]

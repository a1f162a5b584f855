"""An Alerter on a real database, with channels that fail on order."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import orjson

from leadboost.actors.alerter import Alerter
from leadboost.actors.alerter.line import Way
from leadboost.actors.alerter.passes import Stores
from leadboost.clock import uuid7
from leadboost.domain.alerting.alert import Policy, Recipient, Severity
from leadboost.domain.halt import Halt, Latch
from leadboost.errors import StoreUnavailableError
from leadboost.messages.alerter import AlertsShown, ListAlerts
from leadboost.messages.events import StateChanged
from leadboost.messages.health import ComponentHealth
from leadboost.messages.panic import GetSafety, SafetyStatus
from leadboost.ports import Delivery, NewEvent
from leadboost.runtime import Child, Runtime, Topic
from leadboost.runtime.testing import Probe
from leadboost.store.alerts import PgAlertStore
from leadboost.store.database import Database
from leadboost.store.journal import PgJournalStore, insert_events
from leadboost.store.leases import PgLeaseStore
from tests.integration.live_world import turns
from tests.integration.replica_world import number

QUICK = Policy(
    escalate_after=timedelta(hours=1), rounds=3, quiet_for=timedelta(minutes=15), gather_for=timedelta(0)
)


class Recorder:
    """A channel that keeps what it took; ``fails`` are used up one a try, ``down`` fails every one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: list[Delivery] = []
        self.tries = 0
        self.fails: deque[Exception] = deque()
        self.down: Exception | None = None
        self.hangs = False
        self._grown = asyncio.Event()

    async def send(self, delivery: Delivery) -> str | None:
        orjson.dumps(delivery.alert.id)  # as real ones write it
        self.tries += 1
        self._grown.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.down is not None:
            raise self.down
        if self.fails:
            raise self.fails.popleft()
        self.taken.append(delivery)
        self._grown.set()
        return None

    @property
    def told(self) -> list[tuple[str, str]]:
        """Notice and title of what it took."""
        return [(str(each.notice), each.alert.title) for each in self.taken]

    async def until(self, holds: Callable[[], bool], *, within_s: float = 30) -> None:
        """Wait until it was tried or took something so that this holds."""
        async with asyncio.timeout(within_s):
            while not holds():
                self._grown.clear()
                await self._grown.wait()

    async def until_taken(self, count: int, *, within_s: float = 30) -> None:
        """Wait until it took so many."""
        await self.until(lambda: len(self.taken) >= count, within_s=within_s)


class Away(PgAlertStore):
    """An alert store whose database goes away on order."""

    away = False

    def __getattribute__(self, name: str) -> Any:
        if name in ("apply", "counts") and object.__getattribute__(self, "away"):
            raise StoreUnavailableError("the database does not answer")
        return super().__getattribute__(name)


def way(channel: Recorder, *, level: int = 1, least: Severity = Severity.INFO) -> Way:
    """How a recorder is used."""
    return Way(channel=channel, recipient=Recipient(name=channel.name, level=level, least=least), gap_s=0.0)


class AlertHost:
    """One host with an Alerter; ``halts`` are what its kill switch holds."""

    def __init__(
        self,
        database: Database,
        *ways: Way,
        name: str | None = "here",
        policy: Policy = QUICK,
        halts: Sequence[Halt] = (),
        store: PgAlertStore | None = None,
        direct_after_s: float = 10.0,
    ) -> None:
        self.database = database
        self.name = name
        self.store = store or PgAlertStore(database)
        self.health: dict[str, ComponentHealth] = {}
        self.shown: list[dict[str, object]] = []
        self._ways = ways
        self._policy = policy
        self._direct_after_s = direct_after_s
        status = SafetyStatus(
            state=Latch.HALTED if halts else Latch.ACTIVE,
            since=None,
            reason=None,
            gate_reasons=(),
            halts=tuple(halts),
            needed=1,
        )
        self._panic = Probe({GetSafety: lambda _: status})
        self.state: Topic[StateChanged] = Topic("state")
        self.runtime = Runtime(clock=database.clock, rng=database.rng.fork(name or "nobody"))

    async def start(self) -> "AlertHost":
        self._panic_ref = await self.runtime.spawn("panic", self._panic.actor, Child())
        self.ref = await self.runtime.spawn("alerter", self._make, Child(intensity=(5, 60.0)))
        return self

    def _make(self) -> Alerter:
        return Alerter(
            stores=Stores(
                alerts=self.store,
                events=PgJournalStore(self.database),
                leases=PgLeaseStore(self.database),
                holder=self.name,
            ),
            ways=self._ways,
            policy=self._policy,
            panic=self._panic_ref,
            state=self.state,
            health=lambda said: self.health.update({said.name: said}),
            look_every_s=0.05,
            direct_after_s=self._direct_after_s,
        )

    async def list(self) -> AlertsShown:
        """What people see."""
        shown: AlertsShown = await self.ref.ask(ListAlerts())
        return shown

    async def until(self, holds: Callable[[AlertsShown], bool], *, within_s: float = 30) -> AlertsShown:
        """Look until this holds of what people see."""
        async with asyncio.timeout(within_s):
            while not holds(shown := await self.list()):
                await turns(5)
        return shown


async def happen(database: Database, kind: str, **data: object) -> None:
    """Commit one event and number it."""
    event = NewEvent(id=uuid7(database.clock, database.rng), kind=kind, at=database.clock.now(), data=data)
    async with database.transaction() as session:
        await insert_events(session, [event])
    await number(database)

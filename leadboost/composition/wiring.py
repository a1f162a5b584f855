"""What the stages share: settings, topics, references to actors, the gate and the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from leadboost.clock import Clock, Rng
from leadboost.composition.crash import crash_points
from leadboost.config import Settings
from leadboost.domain.gate import Gate
from leadboost.domain.radar.tally import IntakeTally
from leadboost.errors import StoreUnavailableError
from leadboost.messages.bookkeeper import SpendRead
from leadboost.messages.events import (
    EventsCommitted,
    EventsNumbered,
    ForeignSaid,
    HaltTripped,
    SalesCommitted,
    SignalsStored,
    StateChanged,
    StepReported,
    StockReached,
)
from leadboost.messages.health import ComponentHealth
from leadboost.messages.mirror import Echoed
from leadboost.mirror import DistributedLock
from leadboost.runtime import Actor, ActorRef, Child, Runtime, Stage, Topic
from leadboost.store.database import Database

_log = structlog.get_logger()

VITAL = Child(critical=True, intensity=(5, 30.0))
OTHER = Child(intensity=(5, 60.0))


@dataclass(frozen=True, slots=True)
class Topics:
    """What actors tell whoever listens."""

    committed: Topic[EventsCommitted] = field(default_factory=lambda: Topic("events committed"))
    numbered: Topic[EventsNumbered] = field(default_factory=lambda: Topic("events numbered"))
    stored: Topic[SignalsStored] = field(default_factory=lambda: Topic("signals stored"))
    reached: Topic[StockReached] = field(default_factory=lambda: Topic("stock reached"))
    sold: Topic[SalesCommitted] = field(default_factory=lambda: Topic("sales committed"))
    steps: Topic[StepReported] = field(default_factory=lambda: Topic("steps reported"))
    spend: Topic[SpendRead] = field(default_factory=lambda: Topic("spend read"))
    state: Topic[StateChanged] = field(default_factory=lambda: Topic("state"))
    tripped: Topic[HaltTripped] = field(default_factory=lambda: Topic("halts tripped"))
    committed_elsewhere: Topic[EventsCommitted] = field(default_factory=lambda: Topic("committed elsewhere"))
    numbered_elsewhere: Topic[EventsNumbered] = field(default_factory=lambda: Topic("numbered elsewhere"))
    foreign: Topic[ForeignSaid] = field(default_factory=lambda: Topic("said by other software"))
    echoed: Topic[Echoed] = field(default_factory=lambda: Topic("echoes"))


class Wiring:
    """Stages put their actors into ``refs``, the database into ``database`` and the lock over all hosts into
    ``lock``, for those after them.

    ``polls`` is False for a daemon that lives as long as one command. ``holder`` names this start.
    """

    def __init__(
        self, settings: Settings, *, runtime: Runtime, clock: Clock, rng: Rng, holder: str, polls: bool
    ) -> None:
        self.settings = settings
        self.runtime = runtime
        self.clock = clock
        self.rng = rng
        self.holder = holder
        self.polls = polls
        self.topics = Topics()
        self.refs: dict[str, ActorRef[Any]] = {}
        self.gate = Gate(proofs=("halt_log", "clock", "store", "rules"))
        self.tally = IntakeTally()
        self.crash = crash_points(settings)
        self.database: Database | None = None
        self.lock: DistributedLock | None = None
        self.stage = partial(Stage, late=self._late)
        self._told: dict[str, ComponentHealth] = {}

    @property
    def store(self) -> Database:
        """The open database. Raises StoreUnavailableError."""
        if self.database is None:
            raise StoreUnavailableError("the database is not connected")
        return self.database

    @property
    def leases(self) -> DistributedLock:
        """The leases of all hosts. Raises StoreUnavailableError."""
        if self.lock is None:
            raise StoreUnavailableError("the database is not connected")
        return self.lock

    @property
    def told(self) -> Sequence[ComponentHealth]:
        """What components say of themselves beyond how their actors are."""
        return list(self._told.values())

    def hear_health(self, health: ComponentHealth) -> None:
        """Keep what a component says of itself."""
        self._told[health.name] = health

    async def spawn(self, name: str, factory: Callable[[], Actor[Any]], child: Child) -> None:
        """Start an actor. Raises what its start raises."""
        self.refs[name] = await self.runtime.spawn(name, factory, child)

    async def stop(self, *names: str, drain_s: float = 0.0, finish_s: float = 0.4) -> None:
        """Stop actors; those that do not finish in time are cancelled."""
        late = await self.runtime.stop(*names, drain_s=drain_s, finish_s=finish_s)
        if late:
            _log.warning("actors cancelled", actors=late)

    def _late(self) -> list[str]:
        return [f"{each.name} ({each.state})" for each in self.runtime.stats() if each.state != "RUNNING"]

"""A SafetyEngine with everything around it under a test's control, on virtual time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from leadboost.actors.safety import SafetyEngine
from leadboost.domain.campaign import AdCampaign
from leadboost.domain.gate import Gate
from leadboost.domain.halt import Halt, Latch
from leadboost.domain.rules.facts import DayFact, SourceFact, StockFact
from leadboost.domain.rules.replay import History
from leadboost.domain.rules.rule import Firing, Rule
from leadboost.domain.stock import StockAlert
from leadboost.errors import ActorStoppedError, ConfigError, Problem, StoreUnavailableError
from leadboost.messages.events import StockReached
from leadboost.messages.panic import CampaignsRead, GetSafety, ListCampaigns, SafetyStatus, TripHalt
from leadboost.messages.throttle import LowerBudgets
from leadboost.ports import LookRun, NewEvent, OpenChanges, SellRate
from leadboost.runtime import ActorRef, Child, Topic
from leadboost.runtime.testing import Probe, System


@dataclass
class MemoryFacts:
    """``FactStore`` in memory; ``away`` makes it fail, ``ledger_away`` only the ledger."""

    found: list[StockFact] = field(default_factory=list)
    days: list[DayFact] = field(default_factory=list)
    rates: dict[str, SellRate] = field(default_factory=dict)
    past: History = field(default_factory=lambda: History(currency="EUR"))
    away: bool = False
    ledger_away: bool = False
    asked: list[Collection[str] | None] = field(default_factory=list)

    async def stock(self, skus: Collection[str] | None, also: Mapping[str, SellRate]) -> Sequence[StockFact]:
        self.asked.append(skus)
        self._fail(self.away)
        return [
            each
            for each in self.found
            if each.sku in also or (each.available <= each.floor and (skus is None or each.sku in skus))
        ]

    async def sell_rates(self) -> Mapping[str, SellRate]:
        return self.rates

    async def ledger(self, since: date) -> Sequence[DayFact]:
        self._fail(self.ledger_away)
        return [each for each in self.days if each.day >= since]

    async def open_changes(self) -> OpenChanges:
        return OpenChanges(pending=frozenset(), unknown=frozenset())

    async def sources(self) -> Sequence[SourceFact]:
        return []

    async def history(self, first: date, last: date) -> History:
        return self.past

    def _fail(self, away: bool) -> None:
        if away:
            raise StoreUnavailableError("away")


@dataclass
class MemoryRules:
    """``RuleStore`` in memory."""

    kept: list[Rule] = field(default_factory=list)
    fired: list[Firing] = field(default_factory=list)
    looks: dict[object, LookRun] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)
    reloads: list[str | None] = field(default_factory=list)
    by: str | None = None
    away: bool = False

    async def rules(self) -> Sequence[Rule]:
        return self.kept

    async def replace(self, rules: Sequence[Rule], *, by: str) -> None:
        self.kept, self.by = list(rules), by

    async def note_reload(self, rules: Sequence[Rule], problem: str | None) -> None:
        self.reloads.append(problem)

    async def firings(self, since: datetime) -> Sequence[Firing]:
        return sorted((each for each in self.fired if each.at >= since), key=lambda x: x.at, reverse=True)

    async def record(
        self, firings: Sequence[Firing], looks: Sequence[LookRun], events: Sequence[NewEvent]
    ) -> None:
        if self.away:
            raise StoreUnavailableError("away")
        self.fired += [each for each in firings if each not in self.fired]
        self.looks |= {each.id: each for each in looks}
        self.events += events


@dataclass
class MemoryFile:
    """``RuleFile`` in memory: ``next`` is what a look finds changed; a text is a fault."""

    next: Sequence[Rule] | str | None = ()

    async def read(self) -> Sequence[Rule] | None:
        found, self.next = self.next, None
        if isinstance(found, str):
            raise ConfigError([Problem(key="rules[0].days", value="0", allowed=found)])
        return found


@dataclass
class SafetyWorld:
    """What surrounds the engine. ``halts`` are what PanicManager says is open."""

    system: System
    facts: MemoryFacts = field(default_factory=MemoryFacts)
    store: MemoryRules = field(default_factory=MemoryRules)
    file: MemoryFile = field(default_factory=MemoryFile)
    gate: Gate = field(default_factory=lambda: Gate(["rules"]))
    halts: list[Halt] = field(default_factory=list)
    campaigns: list[AdCampaign] = field(default_factory=list)
    mute: bool = False
    name: str = "panic"

    async def start(self, child: Child | None = None) -> ActorRef[Any]:
        """Start the engine and let it look once."""
        self.panic: Probe = await self.system.probe(
            {TripHalt: lambda _: None, GetSafety: self._status, ListCampaigns: self._listed}, name=self.name
        )
        self.ref = await self.system.spawn(self._engine, child)
        await self.system.settle()
        return self.ref

    def _engine(self) -> SafetyEngine:
        return SafetyEngine(
            facts=self.facts,
            store=self.store,
            file=self.file,
            panic=self.panic.ref,
            gate=self.gate,
            throttle=self.panic.ref,
            committed=Topic("committed"),
            currency="EUR",
        )

    def _status(self, _: object) -> SafetyStatus:
        if self.mute:
            raise ActorStoppedError("panic")
        return SafetyStatus(
            state=Latch.ACTIVE, since=None, reason=None, gate_reasons=(), halts=tuple(self.halts), needed=1
        )

    def _listed(self, _: object) -> CampaignsRead:
        return CampaignsRead(campaigns=self.campaigns, read_at=None)

    @property
    def trips(self) -> list[TripHalt]:
        """What was halted."""
        return [each for each in self.panic.received if isinstance(each, TripHalt)]

    @property
    def cuts(self) -> list[LowerBudgets]:
        """What budgets are to be lowered."""
        return [each for each in self.panic.received if isinstance(each, LowerBudgets)]

    @property
    def scopes(self) -> list[str]:
        """Their scopes."""
        return [str(each.scope) for each in self.trips]


def reached(sku: str) -> StockReached:
    """What a sale tells."""
    return StockReached(alerts=(StockAlert(kind="stock.out", sku=sku, on_hand=0, available=0, floor=0),))

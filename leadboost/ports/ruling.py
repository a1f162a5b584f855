"""Ports of the safety rules: what they look at, where they stand, and where their doings are kept.

Every call ends by its own deadline, and raises StoreError where nothing is said.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import DayFact, SourceFact, StockFact
from leadboost.domain.rules.replay import History
from leadboost.domain.rules.rule import Firing, Outcome, Rule, Skip
from leadboost.domain.stock import Pace
from leadboost.ports.journal import NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SellRate:
    """How a SKU sells, None where nobody knows; units sold and units that came back in the last 7 days."""

    sold: int
    pace: Pace | None
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChanges:
    """Campaigns with a change under way, and those where nobody knows what became of one."""

    pending: frozenset[Campaign]
    unknown: frozenset[Campaign]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRun:
    """Equal looks of a rule at one subject in a row: ``times`` of them, from ``since`` to ``until``."""

    id: UUID
    rule: str
    subject: Scope
    outcome: Outcome
    skip: Skip | None
    detail: str
    since: datetime
    until: datetime
    times: int


class FactStore(Protocol):
    """What the database knows of what rules look at."""

    async def stock(self, skus: Collection[str] | None, also: Mapping[str, SellRate]) -> Sequence[StockFact]:
        """Advertised products at or below their floor, among ``skus`` where given, and those of ``also``
        whatever they have, each with its rate where it has one there."""
        ...

    async def sell_rates(self) -> Mapping[str, SellRate]:
        """How each advertised SKU that sold lately sells."""
        ...

    async def ledger(self, since: date) -> Sequence[DayFact]:
        """What every campaign spent and earned on each day since then."""
        ...

    async def open_changes(self) -> OpenChanges:
        """Changes of campaigns that are not finished."""
        ...

    async def sources(self) -> Sequence[SourceFact]:
        """Every source that was ever polled."""
        ...

    async def history(self, first: date, last: date) -> History:
        """The past of these days. Raises InputError where it is too long to be replayed."""
        ...


class RuleStore(Protocol):
    """``rules``, ``rule_firings`` and ``rule_looks``."""

    async def rules(self) -> Sequence[Rule]:
        """The rules that were set through the API."""
        ...

    async def replace(self, rules: Sequence[Rule], *, by: str) -> None:
        """Set all of them anew, and write down who did."""
        ...

    async def note_reload(self, rules: Sequence[Rule], problem: str | None) -> None:
        """Write down that the file was changed, and what came of it."""
        ...

    async def firings(self, since: datetime) -> Sequence[Firing]:
        """Firings since then, newest first, a few thousand at most."""
        ...

    async def record(
        self, firings: Sequence[Firing], looks: Sequence[LookRun], events: Sequence[NewEvent]
    ) -> None:
        """Keep what was done and seen; repeating it changes nothing."""
        ...


class RuleFile(Protocol):
    """Where the rules of this host are written."""

    async def read(self) -> Sequence[Rule] | None:
        """Its rules; None while it has not changed since the last call. Raises ConfigError where it cannot
        be used, once for each change."""
        ...

"""Gathers what rules look at: levels at every look, what changes slowly three times a minute."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog

from leadboost.clock import Clock
from leadboost.domain.halt import ItemStatus
from leadboost.domain.rules.facts import DayFact, Facts, ModelFact, SourceFact, SpendFact
from leadboost.domain.rules.money import ledger_since
from leadboost.domain.rules.rule import Action, Rule
from leadboost.domain.rules.stock import ReturnRate, Runway
from leadboost.domain.rules.trust import SourceFreshness, UnverifiedChanges
from leadboost.errors import ActorError
from leadboost.messages.bookkeeper import SpendRead
from leadboost.messages.panic import GetSafety, ListCampaigns, TripHalt
from leadboost.ports import FactStore, OpenChanges, SellRate
from leadboost.runtime import ActorRef

Panic = ActorRef[TripHalt | GetSafety | ListCampaigns]

SLOW_EVERY_S = 20.0
READINGS_KEPT = timedelta(hours=3)
ASK_S = 2.0

_log = structlog.get_logger(__name__)
_NOTHING_OPEN = OpenChanges(pending=frozenset(), unknown=frozenset())
_NO_RATE = SellRate(sold=0, pace=None)


class Watch:
    """Reads only what the rules at hand need. Every method raises StoreError and ActorError."""

    def __init__(
        self,
        facts: FactStore,
        panic: Panic,
        clock: Clock,
        *,
        currency: str,
    ) -> None:
        self._facts = facts
        self._panic = panic
        self._clock = clock
        self._last = Facts(at=clock.now(), currency=currency)
        self._rates: Mapping[str, SellRate] = {}
        self._ledger: Sequence[DayFact] = ()
        self._ledger_since: date | None = None
        self._sources: dict[str, SourceFact] = {}
        self._read_at: dict[str, float] = {}
        self.model: ModelFact | None = None
        self.readings: Sequence[SpendFact] = ()

    def hear_spend(self, told: SpendRead) -> None:
        """Keep what platforms said of the last hours, in the base currency; each reading tells all recent
        days anew."""
        heard = [
            SpendFact(campaign=each.campaign, day=each.day, spend_micros=each.spend_micros, at=each.at)
            for each in told.readings
            if each.currency == self._last.currency
        ]
        since = self._clock.now() - READINGS_KEPT
        self.readings = [*(each for each in self.readings if each.at >= since), *heard]

    async def inventory(self, rules: Sequence[Rule], skus: Collection[str] | None) -> Facts:
        """What rules on stock look at; of ``skus`` alone where given, without asking anybody else.

        A kill switch that is too busy to tell what is halted keeps no product from being looked at.
        """
        rates = await self._rates_for(rules, skus)
        stock = await self._facts.stock(skus, rates)
        if skus is None and stock:
            try:
                self._last = await self._surroundings(rules)
            except ActorError as error:
                _log.warning("halts not known", error=str(error))
        return replace(self._last, at=self._clock.now(), stock=stock)

    async def _rates_for(self, rules: Sequence[Rule], skus: Collection[str] | None) -> Mapping[str, SellRate]:
        if not any(isinstance(rule.kind, Runway | ReturnRate) for rule in rules):
            return {}
        if skus is not None:
            return {sku: rate for sku, rate in self._rates.items() if sku in skus}
        if self._is_due("rates"):
            self._rates = await self._facts.sell_rates()
            self._took("rates")
        return self._rates

    async def finances(self, rules: Sequence[Rule]) -> Facts:
        """What all the other rules look at."""
        self._last = facts = await self._surroundings(rules)
        needed = [since for rule in rules if (since := ledger_since(rule.kind, facts.at.date())) is not None]
        if needed:
            await self._reread_ledger(min(needed))
        if any(isinstance(rule.kind, SourceFreshness) for rule in rules) and self._is_due("sources"):
            await self._reread_sources()
        linked = {rule.scope.parts[0]: _NO_RATE for rule in rules if rule.scope.kind == "sku"}
        return replace(
            facts,
            ledger=self._ledger if needed else (),
            sources=tuple(self._sources.values()),
            readings=self.readings,
            model=self.model,
            stock=await self._facts.stock((), linked) if linked else (),
        )

    async def _surroundings(self, rules: Sequence[Rule]) -> Facts:
        status = await self._panic.ask(GetSafety(), timeout_s=ASK_S)
        listed = await self._panic.ask(ListCampaigns(), timeout_s=ASK_S)
        halts = [halt for halt in status.halts if halt.is_open]
        unconfirmed = {
            item.campaign for halt in halts for item in halt.items if item.status is ItemStatus.UNCONFIRMED
        }
        changes = await self._open_changes(rules)
        return Facts(
            at=self._clock.now(),
            currency=self._last.currency,
            campaigns=tuple(listed.campaigns),
            unverified=tuple(unconfirmed | changes.unknown),
            pending=changes.pending,
            held=frozenset(halt.scope for halt in halts),
        )

    async def _open_changes(self, rules: Sequence[Rule]) -> OpenChanges:
        needed = any(
            isinstance(rule.kind, UnverifiedChanges) or rule.action is Action.REDUCE for rule in rules
        )
        return await self._facts.open_changes() if needed else _NOTHING_OPEN

    async def _reread_ledger(self, since: date) -> None:
        if since != self._ledger_since or self._is_due("ledger"):
            self._ledger = await self._facts.ledger(since)
            self._ledger_since = since
            self._took("ledger")

    async def _reread_sources(self) -> None:
        """A source that fails does not say when it last did not: what was seen before counts."""
        found = {}
        for each in await self._facts.sources():
            known = self._sources.get(each.name)
            times = [at for at in (each.read_at, known.read_at if known else None) if at is not None]
            found[each.name] = replace(each, read_at=max(times, default=None))
        self._sources = found
        self._took("sources")

    def _is_due(self, name: str) -> bool:
        return self._clock.monotonic() >= self._read_at.get(name, float("-inf")) + SLOW_EVERY_S

    def _took(self, name: str) -> None:
        self._read_at[name] = self._clock.monotonic()


def firings_since(now: datetime) -> datetime:
    """How far back firings may still hold a rule back: as long as the longest cooldown."""
    return now - timedelta(days=31)

"""Rules on what is in stock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import Facts, StockFact
from leadboost.domain.rules.rule import Finding, Protections


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFloor:
    """A product that has no more than its floor must not be advertised. Only a halt that holds already keeps
    this rule still: overselling costs more than a stop too many."""

    name: ClassVar[str] = "stock_floor"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(
        cooldown_s=0.0, daily_cap=1_000_000, minimum_data=0, breaker=1.0
    )

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        return [
            Finding(
                subject=Scope("sku", (each.sku,)),
                breached=each.available <= each.floor,
                observed=each.available,
                limit=each.floor,
                said=f"{each.sku}: {each.available} left" + (f", floor {each.floor}" if each.floor else ""),
                campaigns=each.campaigns,
            )
            for each in _products(facts, scope)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runway:
    """At the recent sell rate the stock above the floor lasts less than ``days``. Its data are units sold in
    the last 7 days; what is at its floor is the matter of ``StockFloor``."""

    name: ClassVar[str] = "runway"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(cooldown_s=21_600.0, minimum_data=10, breaker=0.8)

    days: float

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        return [
            Finding(
                subject=Scope("sku", (each.sku,)),
                breached=runway < self.days,
                observed=runway,
                limit=self.days,
                said=f"{each.sku}: {each.available} left last {runway:.1f} days, threshold {self.days:g}",
                campaigns=each.campaigns,
                data=each.sold,
            )
            for each in _products(facts, scope)
            if each.available > each.floor and (runway := each.runway_days) is not None
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRate:
    """More than the share ``rate`` of the units sold lately came back. Its data are units sold."""

    name: ClassVar[str] = "return_rate"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(minimum_data=20)

    rate: float

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        return [
            Finding(
                subject=Scope("sku", (each.sku,)),
                breached=each.returned > self.rate * each.sold,
                observed=each.returned / each.sold,
                limit=self.rate,
                said=f"{each.sku}: {each.returned} of {each.sold} sold came back, limit {self.rate:.0%}",
                campaigns=each.campaigns,
                data=each.sold,
            )
            for each in _products(facts, scope)
            if each.sold
        ]


def _products(facts: Facts, scope: Scope) -> Iterator[StockFact]:
    """Products within ``scope``: one that shares a campaign with it is."""
    covers = facts.covers(scope)
    for each in facts.stock:
        if scope.kind == "sku":
            if each.sku == scope.parts[0]:
                yield each
        elif scope.is_global or any(map(covers, each.campaigns)):
            yield each

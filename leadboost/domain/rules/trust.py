"""Rules on what can no longer be trusted: unconfirmed changes, stale sources, a model gone wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from leadboost.domain.halt import Scope
from leadboost.domain.rules.facts import Facts
from leadboost.domain.rules.rule import Finding, NoFactsError, Protections

_ORDER = ("none", "suspected", "drifted")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedChanges:
    """At least ``count`` campaigns of the scope have a change that nobody could confirm."""

    name: ClassVar[str] = "unverified_changes"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections(pending_check=False)

    count: int = 3

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        covers = facts.covers(scope)
        found = sum(map(covers, facts.unverified))
        return [
            Finding(
                subject=scope,
                breached=found >= self.count,
                observed=found,
                limit=self.count,
                said=f"{found} changes could not be confirmed, limit {self.count}",
                campaigns=facts.within(scope),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFreshness:
    """One of ``sources``, of all where none is named, was not read for ``hours``. A muted one may rest."""

    name: ClassVar[str] = "source_freshness"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections()

    hours: float
    sources: tuple[str, ...] = ()

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        ages = {
            each.name: (facts.at - each.read_at).total_seconds() / 3600.0
            for each in facts.sources
            if each.read_at is not None and not each.muted and (not self.sources or each.name in self.sources)
        }
        if not ages:
            raise NoFactsError("no source of these was ever read")
        oldest = max(ages, key=ages.__getitem__)
        return [
            Finding(
                subject=scope,
                breached=ages[oldest] > self.hours,
                observed=ages[oldest],
                limit=self.hours,
                said=f"{oldest} was last read {ages[oldest]:.1f} hours ago, limit {self.hours:g}",
                campaigns=facts.within(scope),
                data=len(ages),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDrift:
    """The forecasts have become worse than they were: ``state`` or beyond. Its data are scored rows."""

    name: ClassVar[str] = "model_drift"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections(minimum_data=100)

    state: Literal["suspected", "drifted"] = "drifted"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        if facts.model is None:
            raise NoFactsError("the model has scored nothing yet")
        return [
            Finding(
                subject=scope,
                breached=_ORDER.index(facts.model.drift) >= _ORDER.index(self.state),
                observed=_ORDER.index(facts.model.drift),
                limit=_ORDER.index(self.state),
                said=f"model drift: {facts.model.drift}, limit {self.state}",
                campaigns=facts.within(scope),
                data=facts.model.rows,
            )
        ]

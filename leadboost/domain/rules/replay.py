"""What rules would have done: every closed day of the past is judged by what was known at its end.

A firing is taken to hold for ``hold_days``: a halt takes away what its campaigns spent and earned on these
days by our ledger, a reduction its share of it. What was taken away is no longer seen by later looks of that
rule. A firing was false where the same look with everything known today, late conversions above all, finds
no breach.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.rules.evaluate import evaluate, left_delta
from leadboost.domain.rules.facts import DayFact, Facts, StockFact
from leadboost.domain.rules.rule import Action, Firing, Mode, Outcome, Rule, Skip, Verdict
from leadboost.domain.stock import Pace, SalesHistory, sell_pace

RATE_DAYS = 7
_NO_ID = UUID(int=0)
_DAY_END = time(23, 59, 59, 999_999, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One version of one row of the ledger, as it stood from ``known_at`` on."""

    external_id: str
    campaign: Campaign | None
    day: date
    known_at: datetime
    spend_micros: int
    revenue_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldDay:
    """A day on which a SKU moved: units sold and units that came back, and what was left at its end."""

    sku: str
    day: date
    sold: int
    remaining: int
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPlace:
    """A product as it is today: what is not kept day by day."""

    sku: str
    floor: int
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The past that is kept. ``revisions`` of one row stand in the order in which they were known."""

    currency: str
    revisions: Sequence[Revision] = ()
    sold: Sequence[SoldDay] = ()
    products: Sequence[StockPlace] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedFiring:
    """One firing that would have been. Money in micros, both by the ledger as it is today."""

    day: date
    subject: Scope
    said: str
    spend_micros: int
    revenue_micros: int
    false: bool

    @property
    def saved_micros(self) -> int:
        """What would not have been spent, less what would not have been earned."""
        return self.spend_micros - self.revenue_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one rule would have done. ``not_kept`` says why nothing can be said."""

    rule: Rule
    days: int
    evaluated: int = 0
    firings: tuple[ReplayedFiring, ...] = ()
    skipped: Mapping[Skip, int] | None = None
    errored: int = 0
    not_kept: str | None = None

    @property
    def saved_micros(self) -> int:
        """The sum over its firings."""
        return sum(firing.saved_micros for firing in self.firings)

    @property
    def false_pauses(self) -> int:
        """How many of its firings were false."""
        return sum(firing.false for firing in self.firings)


def replay(rule: Rule, history: History, first: date, last: date, *, hold_days: int) -> Replayed:
    """Judge ``rule`` at the end of every day from ``first`` to ``last``, also one that is off."""
    days = (last - first).days + 1
    if not rule.kind.history:
        return Replayed(rule=rule, days=days, not_kept="what it looks at is not kept day by day")
    return _Past(replace(rule, mode=Mode.ON), history, hold_days).judge(rule, first, days)


class _Past:
    """The past as it would have been under one rule."""

    def __init__(self, rule: Rule, history: History, hold_days: int) -> None:
        self._rule = rule
        self._history = history
        self._hold_days = hold_days
        self._rows: dict[str, list[Revision]] = defaultdict(list)
        for each in history.revisions:
            self._rows[each.external_id].append(each)
        self._taken: dict[tuple[Campaign | None, date], float] = {}
        self._held_until: dict[Scope, date] = {}
        self._firings: list[Firing] = []

    def judge(self, rule: Rule, first: date, days: int) -> Replayed:
        """All days in turn."""
        found: list[ReplayedFiring] = []
        counts: Counter[Outcome] = Counter()
        skipped: Counter[Skip] = Counter()
        for day in (first + timedelta(days=number) for number in range(days)):
            facts = self._facts(day, known_at=datetime.combine(day, _DAY_END))
            verdicts = evaluate([self._rule], facts, self._firings)
            counts.update(verdict.outcome for verdict in verdicts)
            skipped.update(verdict.skip for verdict in verdicts if verdict.skip is not None)
            fired = [verdict for verdict in verdicts if verdict.outcome is Outcome.FIRED]
            if fired:
                truth = {
                    each.subject: each.breached
                    for each in self._rule.kind.look(self._facts(day, known_at=None), self._rule.scope)
                }
                found += [self._fire(verdict, facts, day, truth) for verdict in fired]
        return Replayed(
            rule=rule,
            days=days,
            evaluated=counts.total(),
            firings=tuple(found),
            skipped=dict(skipped),
            errored=counts[Outcome.ERRORED],
        )

    def _fire(self, verdict: Verdict, facts: Facts, day: date, truth: Mapping[Scope, bool]) -> ReplayedFiring:
        finding = verdict.finding
        assert finding is not None  # noqa: S101 - whatever fires was found
        is_halt = self._rule.action is Action.HALT
        share = 1.0 if is_halt else left_delta(self._rule, finding.subject, facts, self._firings)
        self._firings.append(
            Firing(
                id=_NO_ID,
                rule=self._rule.name,
                kind=self._rule.kind.name,
                subject=finding.subject,
                action=self._rule.action,
                shadow=False,
                at=facts.at,
                said=finding.said,
                delta=0.0 if is_halt else share,
            )
        )
        until = day + timedelta(days=self._hold_days)
        if is_halt:
            self._held_until[finding.subject] = until
        campaigns: set[Campaign | None] = set(finding.campaigns)
        if finding.subject.is_global:
            campaigns.add(None)
        spend, revenue = self._take(campaigns, day, until, share)
        return ReplayedFiring(
            day=day,
            subject=finding.subject,
            said=finding.said,
            spend_micros=spend,
            revenue_micros=revenue,
            false=not truth.get(finding.subject, False),
        )

    def _take(
        self, campaigns: set[Campaign | None], after: date, until: date, share: float
    ) -> tuple[int, int]:
        """Take ``share`` of what is left of these days away; returns the spend and revenue taken."""
        spend = revenue = 0
        touched = set()
        for row in (rows[-1] for rows in self._rows.values()):
            if row.campaign in campaigns and after < row.day <= until:
                left = 1.0 - self._taken.get((row.campaign, row.day), 0.0)
                spend += round(row.spend_micros * left * share)
                revenue += round(row.revenue_micros * left * share)
                touched.add((row.campaign, row.day))
        for key in touched:
            self._taken[key] = 1.0 - (1.0 - self._taken.get(key, 0.0)) * (1.0 - share)
        return spend, revenue

    # -- facts of a day ---------------------------------------------------------------------------

    def _facts(self, day: date, *, known_at: datetime | None) -> Facts:
        """What was known of all days up to ``day`` at ``known_at``; None: what is known today."""
        return Facts(
            at=datetime.combine(day, _DAY_END),
            currency=self._history.currency,
            stock=tuple(self._stock(day)),
            ledger=tuple(self._ledger(day, known_at)),
            held=frozenset(scope for scope, until in self._held_until.items() if day <= until),
        )

    def _ledger(self, day: date, known_at: datetime | None) -> Iterator[DayFact]:
        for rows in self._rows.values():
            if rows[0].day > day:
                continue
            # A row that was brought in later, by a file, counts as known when its day was over.
            known = [row for row in rows if known_at is None or row.known_at <= known_at] or rows[:1]
            left = 1.0 - self._taken.get((known[-1].campaign, known[-1].day), 0.0)
            if left > 0.0:
                yield DayFact(
                    campaign=known[-1].campaign,
                    day=known[-1].day,
                    spend_micros=round(known[-1].spend_micros * left),
                    revenue_micros=round(known[-1].revenue_micros * left),
                )

    def _stock(self, day: date) -> Iterator[StockFact]:
        past = [each for each in self._history.sold if each.day <= day]
        left = {each.sku: each.remaining for each in sorted(past, key=lambda each: each.day)}
        lately: Counter[str] = Counter()
        returned: Counter[str] = Counter()
        for each in past:
            if each.day > day - timedelta(days=RATE_DAYS):
                lately[each.sku] += each.sold
                returned[each.sku] += each.returned
        for product in self._history.products:
            if product.sku in left:
                yield StockFact(
                    sku=product.sku,
                    available=left[product.sku],
                    floor=product.floor,
                    campaigns=product.campaigns,
                    sold=lately[product.sku],
                    pace=_pace([each for each in past if each.sku == product.sku], day),
                    returned=returned[product.sku],
                )


def _pace(past: Sequence[SoldDay], day: date) -> Pace | None:
    """How fast it sold by the end of ``day``; hours without anything to sell are not kept that far back."""
    stocked_at = datetime.combine(min(each.day for each in past), time(), tzinfo=UTC)
    days = [(each.day, each.sold) for each in past]
    history = SalesHistory(days=days, stocked_at=stocked_at, outs=())
    return sell_pace(history, datetime.combine(day, _DAY_END))

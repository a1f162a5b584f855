"""Rules on what is spent and earned.

What a campaign spent on a day is the larger of what our ledger of outcomes has and what its platform said
last. With ``each`` "campaign" every campaign within the scope is judged alone, else the scope as a whole. A
cap is a cap however many have reached it: it has no breaker.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal

from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import Scope
from leadboost.domain.money import format_micros
from leadboost.domain.rules.facts import DayFact, Facts, SpendFact, campaign_scope
from leadboost.domain.rules.rule import Finding, Kind, NoFactsError, Protections

Each = Literal["scope", "campaign"]
_CampaignDay = tuple[Campaign | None, date]
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySpendCap:
    """More than ``limit_micros`` were spent today (UTC)."""

    name: ClassVar[str] = "daily_spend_cap"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(breaker=1.0)

    limit_micros: int
    each: Each = "scope"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        today = facts.at.date()
        return _capped(facts, scope, self.each, self.limit_micros, lambda day: day == today, f"on {today}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalSpendCap:
    """More than ``limit_micros`` were spent since the day ``since``."""

    name: ClassVar[str] = "total_spend_cap"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(breaker=1.0)

    limit_micros: int
    since: date
    each: Each = "scope"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        words = f"since {self.since}"
        return _capped(facts, scope, self.each, self.limit_micros, lambda day: day >= self.since, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendVelocity:
    """Within the last ``minutes`` the spend grew ``times`` as fast as the daily budgets plan, by what the
    platform said at two moments. Its data are such moments."""

    name: ClassVar[str] = "spend_velocity"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections(minimum_data=2)

    times: float = 3.0
    minutes: float = 5.0
    each: Each = "scope"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        if not facts.readings:
            raise NoFactsError("no ad platform has told what was spent yet")
        paces = self._paces(facts)
        found = []
        for subject, campaigns in _subjects(facts, scope, self.each):
            known = [paces[each] for each in campaigns if each in paces]
            planned = sum(pace.planned for pace in known)
            if planned <= 0:
                continue
            observed = sum(pace.spent for pace in known) / planned
            found.append(
                Finding(
                    subject=subject,
                    breached=observed > self.times,
                    observed=observed,
                    limit=self.times,
                    said=f"{_named(subject)}: spends {observed:.1f} times as fast as planned, "
                    f"limit {self.times:g}",
                    campaigns=campaigns,
                    data=min(pace.readings for pace in known),
                )
            )
        return found

    def _paces(self, facts: Facts) -> dict[Campaign, "_Pace"]:
        """Of every campaign with a budget, between two figures of one day that were told lately."""
        since = facts.at - timedelta(minutes=self.minutes)
        budgets = {each.campaign: each.daily_budget_micros for each in facts.campaigns}
        told: dict[Campaign, list[SpendFact]] = defaultdict(list)
        for each in sorted(facts.readings, key=lambda reading: reading.at):
            if each.at >= since:
                told[each.campaign].append(each)
        paces = {}
        for campaign, readings in told.items():
            of_day = [each for each in readings if each.day == readings[-1].day]
            if budget := budgets.get(campaign):
                seconds = (of_day[-1].at - of_day[0].at).total_seconds()
                spent = of_day[-1].spend_micros - of_day[0].spend_micros
                paces[campaign] = _Pace(spent, budget * seconds / _DAY_S, len(of_day))
        return paces


@dataclass(frozen=True, slots=True)
class _Pace:
    """What was spent, what was planned for that time, both in micros, and from how many readings."""

    spent: int
    planned: float
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiFloor:
    """(revenue - spend) / spend of the last ``days`` closed days lies under ``roi``, where at least
    ``min_spend_micros`` were spent. The ``lag_days`` newest of the closed days are left out: their
    conversions may still come. Its data are days with spend."""

    name: ClassVar[str] = "roi_floor"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections(cooldown_s=86_400.0, minimum_data=3)

    roi: float
    days: int = 7
    lag_days: int = 1
    min_spend_micros: int = 0
    each: Each = "campaign"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        until = facts.at.date() - timedelta(days=self.lag_days)
        since = until - timedelta(days=self.days)
        by_campaign: dict[Campaign | None, list[DayFact]] = defaultdict(list)
        for row in facts.ledger:
            if since <= row.day < until:
                by_campaign[row.campaign].append(row)
        found = []
        for subject, campaigns in _subjects(facts, scope, self.each):
            rows = [row for each in _counted(subject, campaigns) for row in by_campaign.get(each, ())]
            spend = sum(x.spend_micros for x in rows)
            if spend <= 0 or spend < self.min_spend_micros:
                continue
            roi = (sum(x.revenue_micros for x in rows) - spend) / spend
            found.append(
                Finding(
                    subject=subject,
                    breached=roi < self.roi,
                    observed=roi,
                    limit=self.roi,
                    said=f"{_named(subject)}: ROI {roi:+.0%} over {self.days} days on "
                    f"{_money(spend, facts)}, floor {self.roi:+.0%}",
                    campaigns=campaigns,
                    data=len({x.day for x in rows if x.spend_micros > 0}),
                )
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFloor:
    """``balance_micros`` at the start of the day ``as_of``, plus what was earned and less what was spent
    since, lie under ``floor_micros``. An estimate: payouts and bills may come later. Its data are days."""

    name: ClassVar[str] = "cash_floor"
    history: ClassVar[bool] = True
    protections: ClassVar[Protections] = Protections()

    balance_micros: int
    as_of: date
    floor_micros: int

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        rows = [each for each in facts.ledger if each.day >= self.as_of]
        earned = sum(each.revenue_micros for each in rows)
        spent = sum(_spend(facts, lambda day: day >= self.as_of).values())
        cash = self.balance_micros + earned - spent
        return [
            Finding(
                subject=scope,
                breached=cash < self.floor_micros,
                observed=cash,
                limit=self.floor_micros,
                said=f"cash is about {_money(cash, facts)}, floor {_money(self.floor_micros, facts)}",
                campaigns=facts.within(scope),
                data=len({each.day for each in rows}),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerGap:
    """What the platform says was spent on the last ``days`` closed days and what our ledger has differ by
    more than the share ``share``. Its data are days that both know."""

    name: ClassVar[str] = "ledger_gap"
    history: ClassVar[bool] = False
    protections: ClassVar[Protections] = Protections(cooldown_s=86_400.0)

    share: float = 0.05
    days: int = 3
    each: Each = "scope"

    def look(self, facts: Facts, scope: Scope) -> Sequence[Finding]:
        if not facts.readings:
            raise NoFactsError("no ad platform has told what was spent yet")
        today = facts.at.date()
        since = today - timedelta(days=self.days)
        told = {key: each.spend_micros for key, each in _last_told(facts).items() if since <= key[1] < today}
        booked = _booked(facts)
        found = []
        for subject, campaigns in _subjects(facts, scope, self.each):
            ours_too = set(campaigns)
            both = [key for key in told if key[0] in ours_too and key in booked]
            ours, theirs = sum(booked[key] for key in both), sum(told[key] for key in both)
            if theirs <= 0:
                continue
            gap = abs(ours - theirs) / theirs
            found.append(
                Finding(
                    subject=subject,
                    breached=gap > self.share,
                    observed=gap,
                    limit=self.share,
                    said=f"{_named(subject)}: the platform says {_money(theirs, facts)}, our ledger "
                    f"{_money(ours, facts)}; {gap:.1%} apart, limit {self.share:.1%}",
                    campaigns=campaigns,
                    data=len({day for _, day in both}),
                )
            )
        return found


def ledger_since(kind: Kind, today: date) -> date | None:
    """The first day of the ledger that this kind of rule looks at; None for one that looks at none."""
    match kind:
        case DailySpendCap():
            return today
        case TotalSpendCap(since=since) | CashFloor(as_of=since):
            return since
        case RoiFloor(days=days, lag_days=lag_days):
            return today - timedelta(days=days + lag_days)
        case LedgerGap(days=days):
            return today - timedelta(days=days)
        case _:
            return None


def _capped(
    facts: Facts, scope: Scope, each: Each, limit: int, counts: Callable[[date], bool], words: str
) -> Sequence[Finding]:
    spend = _spend(facts, counts)
    found = []
    for subject, campaigns in _subjects(facts, scope, each):
        spent = sum(spend.get(campaign, 0) for campaign in _counted(subject, campaigns))
        found.append(
            Finding(
                subject=subject,
                breached=spent > limit,
                observed=spent,
                limit=limit,
                said=f"{_named(subject)}: {_money(spent, facts)} spent {words}, cap {_money(limit, facts)}",
                campaigns=campaigns,
            )
        )
    return found


def _subjects(facts: Facts, scope: Scope, each: Each) -> Iterator[tuple[Scope, tuple[Campaign, ...]]]:
    if each == "scope":
        yield scope, facts.within(scope)
    else:
        for campaign in facts.within(scope):
            yield campaign_scope(campaign), (campaign,)


def _counted(subject: Scope, campaigns: tuple[Campaign, ...]) -> tuple[Campaign | None, ...]:
    """Whose rows count; what names no campaign counts for everything alone."""
    return (*campaigns, None) if subject.is_global else campaigns


def _spend(facts: Facts, counts: Callable[[date], bool]) -> Mapping[Campaign | None, int]:
    """What each campaign spent on the days that count, in micros."""
    by_day = _booked(facts)
    for key, each in _last_told(facts).items():
        by_day[key] = max(by_day.get(key, 0), each.spend_micros)
    spent: dict[Campaign | None, int] = defaultdict(int)
    for (campaign, day), micros in by_day.items():
        if counts(day):
            spent[campaign] += micros
    return spent


def _booked(facts: Facts) -> dict[_CampaignDay, int]:
    spent: dict[_CampaignDay, int] = defaultdict(int)
    for each in facts.ledger:
        spent[each.campaign, each.day] += each.spend_micros
    return spent


def _last_told(facts: Facts) -> dict[_CampaignDay, SpendFact]:
    readings = sorted(facts.readings, key=lambda reading: reading.at)
    return {(each.campaign, each.day): each for each in readings}


def _money(micros: int, facts: Facts) -> str:
    return f"{format_micros(round(micros, -4))} {facts.currency}"


def _named(subject: Scope) -> str:
    return "everything" if subject.is_global else str(subject)

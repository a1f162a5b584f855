"""Facts and rules for tests of the safety rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.halt import GLOBAL, Scope
from leadboost.domain.rules.facts import DayFact, Facts, SourceFact, SpendFact, StockFact
from leadboost.domain.rules.rule import Action, Firing, Kind, Mode, Protections, Rule
from leadboost.domain.stock import Pace

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = AT.date()
EVERYTHING = Scope(GLOBAL)
UNIT = 1_000_000
TEN_A_DAY = Pace(per_day=10.0, units=70.0, days=7.0)


def campaign(number: int = 1, platform: str = "meta_ads") -> Campaign:
    return Campaign(platform=platform, campaign_id=str(number))


def listed(number: int = 1, budget: int | None = 100) -> AdCampaign:
    return AdCampaign(
        campaign=campaign(number),
        account_id="900",
        name=f"Campaign {number}",
        status="ACTIVE",
        effective_status="ACTIVE",
        daily_budget_micros=None if budget is None else budget * UNIT,
        currency="EUR",
    )


def day(days_ago: int, spend: int, revenue: int = 0, number: int | None = 1) -> DayFact:
    return DayFact(
        campaign=None if number is None else campaign(number),
        day=TODAY - timedelta(days=days_ago),
        spend_micros=spend * UNIT,
        revenue_micros=revenue * UNIT,
    )


def told(minutes_ago: float, spend: int, number: int = 1, on: date | None = None) -> SpendFact:
    at = AT - timedelta(minutes=minutes_ago)
    return SpendFact(campaign=campaign(number), day=on or at.date(), spend_micros=spend * UNIT, at=at)


def product(sku: str = "fan", available: int = 50, *, floor: int = 0, **rest: object) -> StockFact:
    known = StockFact(sku=sku, available=available, floor=floor, campaigns=(campaign(),))
    return replace(known, **rest)  # type: ignore[arg-type]


def source(hours_ago: float | None, name: str = "rss", *, muted: bool = False) -> SourceFact:
    at = None if hours_ago is None else AT - timedelta(hours=hours_ago)
    return SourceFact(name=name, read_at=at, muted=muted)


def facts(**known: object) -> Facts:
    return Facts(at=AT, currency="EUR", **known)  # type: ignore[arg-type]


def rule(
    kind: Kind,
    *,
    scope: Scope = EVERYTHING,
    action: Action = Action.HALT,
    mode: Mode = Mode.ON,
    name: str = "rule",
    **protections: object,
) -> Rule:
    guard: Protections = replace(kind.protections, **protections)  # type: ignore[arg-type]
    return Rule(name=name, kind=kind, scope=scope, action=action, mode=mode, protections=guard)


def fired(hours_ago: float, subject: Scope = EVERYTHING, *, name: str = "rule", delta: float = 0.0) -> Firing:
    return Firing(
        id=UUID(int=1),
        rule=name,
        kind="any",
        subject=subject,
        action=Action.HALT,
        shadow=False,
        at=AT - timedelta(hours=hours_ago),
        said="",
        delta=delta,
    )

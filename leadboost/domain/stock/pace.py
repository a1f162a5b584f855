"""How fast a product sells, and how long it will last at that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WINDOW_DAYS = 28
HALF_LIFE_DAYS = 7.0
LEAST_EXPOSURE_DAYS = 1 / 24
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, aware UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesHistory:
    """What a product sold by day (UTC; days without sales may be missing), since when it is stocked, and
    when there was nothing to sell."""

    days: Sequence[tuple[date, int]]
    stocked_at: datetime
    outs: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``per_day`` units a day while there was something to sell: ``units`` over ``days`` of that kind, both
    weighted."""

    per_day: float
    units: float
    days: float


def sell_pace(history: SalesHistory, now: datetime) -> Pace | None:
    """Estimate the recent sell rate: units over time on sale, both halved in weight every 7 days, of 28 days.

    A maximum-likelihood rate of a Poisson process whose exposure is the time in stock: hours with nothing
    to sell count neither as demand nor as the lack of it. None when there was less than an hour on sale.
    """
    first = now.astimezone(UTC).date() - timedelta(days=WINDOW_DAYS - 1)
    sold = dict(history.days)
    units = days = 0.0
    for age in range(WINDOW_DAYS):
        day = first + timedelta(days=WINDOW_DAYS - 1 - age)
        weight = 0.5 ** (age / HALF_LIFE_DAYS)
        units += weight * sold.get(day, 0)
        days += weight * _on_sale_days(day, history, now)
    if days < LEAST_EXPOSURE_DAYS:
        return None
    return Pace(per_day=units / days, units=units, days=days)


def runway_days(available: int, pace: Pace | None) -> float | None:
    """Days until nothing is left at this pace: 0 when nothing is, None when nothing is known or sold."""
    if available <= 0:
        return 0.0
    if pace is None or pace.per_day <= 0:
        return None
    return available / pace.per_day


def _on_sale_days(day: date, history: SalesHistory, now: datetime) -> float:
    midnight = datetime.combine(day, time(), UTC)
    since, until = max(midnight, history.stocked_at), min(midnight + _DAY, now)
    if until <= since:
        return 0.0
    return (until - since - _covered(history.outs, since, until)) / _DAY


def _covered(spans: Iterable[Span], since: datetime, until: datetime) -> timedelta:
    """How much of a stretch the spans cover, where they overlap once."""
    covered, reached = timedelta(), since
    for span in sorted(spans, key=lambda each: each.since):
        begin, end = max(span.since, reached), min(span.until, until)
        if end > begin:
            covered, reached = covered + (end - begin), end
    return covered

"""What campaigns spent and earned by their platforms' word, and which of it may be learned from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leadboost.domain.campaign import Campaign
from leadboost.domain.outcome import Outcome

LONGEST_SPAN = timedelta(days=30)
_LAST_ZONE = timedelta(hours=12)  # where a day ends last: UTC-12


@dataclass(frozen=True, slots=True, kw_only=True)
class AdDay:
    """One campaign on one day of its account's time zone. Money in micros of ``currency``.

    ``revenue_micros`` is None where the platform tells no value of conversions: unknown, not zero.
    """

    campaign: Campaign
    name: str
    day: date
    spend_micros: int
    revenue_micros: int | None
    currency: str | None
    clicks: int | None = None
    impressions: int | None = None
    conversions: int | None = None


def last_closed_day(now: datetime) -> date:
    """The last day that is over in every time zone; ``now`` is aware UTC."""
    return (now - _LAST_ZONE).date() - timedelta(days=1)


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut the days from ``first`` to ``last`` into spans of at most 30 days, the newest first."""
    while last >= first:
        start = max(first, last - LONGEST_SPAN + timedelta(days=1))
        yield start, last
        last = start - timedelta(days=1)


def outcomes_of(days: Sequence[AdDay], *, currency: str, until: date) -> Sequence[Outcome]:
    """The days up to ``until`` that can be learned from: with spend and a known return in ``currency``.

    Each has the same identity whenever it is read, so that what is restated later corrects it.
    """
    return [
        _outcome(each, each.revenue_micros)
        for each in days
        if each.revenue_micros is not None
        and each.spend_micros > 0
        and each.currency == currency
        and each.day <= until
    ]


def _outcome(each: AdDay, revenue_micros: int) -> Outcome:
    campaign = each.campaign
    return Outcome(
        external_id=f"{campaign.platform}:{campaign.campaign_id}:{each.day}",
        platform=campaign.platform,
        day=each.day,
        spend_micros=each.spend_micros,
        revenue_micros=revenue_micros,
        currency=each.currency or "",
        clicks=each.clicks,
        impressions=each.impressions,
        conversions=each.conversions,
        attributes={"campaign_id": campaign.campaign_id},
    )

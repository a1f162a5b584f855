"""Answers of the Marketing API into campaigns. Pure; nothing in them is taken for granted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from leadboost.connectors.client.campaigns import (
    read_count,
    read_currency,
    read_day,
    read_id,
    read_money,
    read_name,
    read_whole,
    read_word,
)
from leadboost.connectors.client.reading import AnswerError, as_object, as_text
from leadboost.connectors.tiktok_ads.fault import PLATFORM
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.domain.money import MICROS_PER_UNIT, to_micros
from leadboost.errors import InputError

_STATUS = {"ENABLE": "ACTIVE", "DISABLE": "PAUSED", "DELETE": "DELETED"}
_RUNNING = "CAMPAIGN_STATUS_"
_DAILY = ("BUDGET_MODE_DAY", "BUDGET_MODE_DYNAMIC_DAILY_BUDGET")

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPage:
    """One page of a list. ``automatic`` are the ids of Smart+ campaigns, which have endpoints of their own;
    ``pages`` is how many pages there are."""

    campaigns: Sequence[AdCampaign]
    automatic: frozenset[str]
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """One page of a report; ``pages`` as in CampaignPage."""

    days: Sequence[AdDay]
    pages: int


def read_account(body: bytes, *, account_id: str) -> AdAccount:
    """Read the advertiser. Raises AnswerError."""
    for row in _rows(_data(body)):
        if row.get("advertiser_id") == account_id:
            currency = read_currency(row.get("currency"))
            return AdAccount(id=account_id, name=read_name(row.get("name")), currency=currency)
    raise AnswerError("the advertiser is not in the list")


def read_page(body: bytes, *, account_id: str, currency: str | None) -> CampaignPage:
    """Read one page. Raises AnswerError."""
    data = _data(body)
    rows = _rows(data)
    campaigns = [_campaign(row, account_id, currency) for row in rows]
    smart = {
        read_id(row.get("campaign_id")) for row in rows if row.get("is_smart_performance_campaign") is True
    }
    return CampaignPage(campaigns=campaigns, automatic=frozenset(smart), pages=_pages(data))


def read_results(body: bytes, *, currency: str | None) -> ResultsPage:
    """Read one page of a report by campaign and day. Raises AnswerError."""
    data = _data(body)
    return ResultsPage(days=[_day(row, currency) for row in _rows(data)], pages=_pages(data))


def read_changed(body: bytes) -> frozenset[str]:
    """The campaigns that a write says it changed: what is left out was not. Raises AnswerError."""
    ids = _data(body).get("campaign_ids")
    if not isinstance(ids, list):
        raise AnswerError("a write without the campaigns that it changed")
    return frozenset(map(read_id, ids))


def _campaign(row: Row, account_id: str, currency: str | None) -> AdCampaign:
    status = _STATUS.get(as_text(row.get("operation_status")), "UNKNOWN")
    running = read_word(row.get("secondary_status")).removeprefix(_RUNNING)
    return AdCampaign(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(row.get("campaign_id"))),
        account_id=account_id,
        name=read_name(row.get("campaign_name")),
        status=status,
        effective_status=_STATUS.get(running, running),
        daily_budget_micros=_budget(row) if currency is not None else None,
        currency=currency,
    )


def _day(row: Row, currency: str | None) -> AdDay:
    """Metrics are text, ``-`` where there is no value."""
    place, metrics = as_object(row.get("dimensions")), as_object(row.get("metrics"))
    spend = read_money(metrics.get("spend")) or 0
    return AdDay(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(place.get("campaign_id"))),
        name=read_name(metrics.get("campaign_name")),
        day=read_day(place.get("stat_time_day")),
        spend_micros=spend,
        revenue_micros=_revenue(metrics, spend),
        currency=read_currency(metrics.get("currency")) or currency,
        clicks=read_count(metrics.get("clicks")),
        impressions=read_count(metrics.get("impressions")),
        conversions=read_count(metrics.get("conversion")),
    )


def _revenue(metrics: Row, spend_micros: int) -> int | None:
    """The value of purchases, which is oddly named; else what the return on the spend says."""
    value = read_money(metrics.get("total_complete_payment_rate"))
    if value is not None:
        return value
    ratio = read_money(metrics.get("complete_payment_roas"))
    return None if ratio is None else spend_micros * ratio // MICROS_PER_UNIT


def _pages(data: Row) -> int:
    pages = read_whole(as_object(data.get("page_info")).get("total_page"))
    if pages is None:
        raise AnswerError("a list without its number of pages")
    return pages


def _budget(row: Row) -> int | None:
    """A budget of a day, in units of the account's currency."""
    budget = row.get("budget")
    if row.get("budget_mode") not in _DAILY or not isinstance(budget, int | Decimal) or budget <= 0:
        return None
    try:
        return to_micros(budget)
    except InputError:
        return None


def _data(body: bytes) -> Row:
    try:
        found = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise AnswerError("not complete JSON") from None
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        raise AnswerError("an answer without data")
    return data


def _rows(data: Row) -> Sequence[Row]:
    rows = data.get("list")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerError("an answer without its list")
    return rows

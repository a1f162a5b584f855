"""Answers of Graph into campaigns. Pure; nothing in them is taken for granted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

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
from leadboost.connectors.client.reading import AnswerError, read_object
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.domain.money import MAX_MICROS, MICROS_PER_UNIT

PLATFORM = "meta_ads"

# Offset 1 in the table of currencies of the Marketing API; all others count hundredths.
_WHOLE_UNITS = frozenset({"CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"})
_PURCHASES = ("omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase")
_CURSOR = re.compile(r"[!-~]{1,1000}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """One page of insights; ``after`` as in CampaignPage."""

    days: Sequence[AdDay]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPage:
    """One page of a list. ``after`` asks for the next one; None on the last."""

    campaigns: Sequence[AdCampaign]
    after: str | None


def read_account(body: bytes) -> AdAccount:
    """Read ``{account_id, name, currency}``. Raises AnswerError."""
    found = read_object(body)
    return AdAccount(
        id=read_id(found.get("account_id")),
        name=read_name(found.get("name")),
        currency=read_currency(found.get("currency")),
    )


def read_campaign(body: bytes, *, account_id: str, currency: str | None) -> AdCampaign:
    """Read one campaign. Raises AnswerError."""
    return _campaign(read_object(body), account_id, currency)


def read_page(body: bytes, *, account_id: str, currency: str | None) -> CampaignPage:
    """Read one page; archived and deleted campaigns are left out. Raises AnswerError."""
    found = read_object(body)
    campaigns = [_campaign(row, account_id, currency) for row in _rows(found)]
    kept = [each for each in campaigns if each.status not in ("ARCHIVED", "DELETED")]
    return CampaignPage(campaigns=kept, after=_after(found.get("paging")))


def read_results(body: bytes) -> ResultsPage:
    """Read one page of insights by campaign and day. Raises AnswerError."""
    found = read_object(body)
    days = [_day(row) for row in _rows(found)]
    return ResultsPage(days=days, after=_after(found.get("paging")))


def check_accepted(body: bytes) -> None:
    """Raise AnswerError unless the answer to a write is ``{"success": true}``."""
    if read_object(body).get("success") is not True:
        raise AnswerError("the write was not answered with success")


def to_micros(minor: object, currency: str | None) -> int | None:
    """Turn a budget in minor units, text such as ``"5000"``, into micros; None when that cannot be told."""
    count = read_whole(minor)
    if currency is None or count is None:
        return None
    micros = count * (MICROS_PER_UNIT if currency in _WHOLE_UNITS else MICROS_PER_UNIT // 100)
    return micros if micros <= MAX_MICROS else None


def to_minor(micros: int, currency: str) -> int:
    """Turn micros into the minor units of budgets, rounded down."""
    return micros // (MICROS_PER_UNIT if currency in _WHOLE_UNITS else MICROS_PER_UNIT // 100)


def _campaign(row: Mapping[str, object], account_id: str, currency: str | None) -> AdCampaign:
    """A campaign whose status is missing or strange is UNKNOWN: a halt must still see it."""
    owner = row.get("account_id")
    return AdCampaign(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(row.get("id"))),
        account_id=account_id if owner is None else read_id(owner),
        name=read_name(row.get("name")),
        status=read_word(row.get("status")),
        effective_status=read_word(row.get("effective_status")),
        daily_budget_micros=to_micros(row.get("daily_budget"), currency),
        currency=currency,
    )


def _rows(found: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    rows = found.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerError("the list holds no data")
    return cast(Sequence[Mapping[str, object]], rows)


def _day(row: Mapping[str, object]) -> AdDay:
    return AdDay(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(row.get("campaign_id"))),
        name=read_name(row.get("campaign_name")),
        day=read_day(row.get("date_start")),
        spend_micros=read_money(row.get("spend")) or 0,
        revenue_micros=read_money(_of_purchases(row.get("action_values"))),
        currency=read_currency(row.get("account_currency")),
        clicks=read_count(row.get("clicks")),
        impressions=read_count(row.get("impressions")),
        conversions=read_count(_of_purchases(row.get("actions"))),
    )


def _of_purchases(actions: object) -> object:
    """The value of one kind of purchase: the kinds contain one another, so they are never summed."""
    rows = actions if isinstance(actions, list) else []
    values = {row.get("action_type"): row.get("value") for row in rows if isinstance(row, dict)}
    return next((values[kind] for kind in _PURCHASES if kind in values), None)


def _after(paging: object) -> str | None:
    """The cursor of the next page. The URL ``next`` only tells that there is one: it holds the token."""
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise AnswerError("the list goes on, but names no cursor")
    return after

"""Answers of Google Ads into campaigns. Pure; nothing in them is taken for granted."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

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
from leadboost.connectors.client.reading import AnswerError, as_object, as_text, read_object
from leadboost.connectors.google_ads.fault import PLATFORM, error_of, read_partial
from leadboost.domain.ad_results import AdDay
from leadboost.domain.campaign import AdAccount, AdCampaign, Campaign
from leadboost.errors import AdPlatformError

_STATUS = {"ENABLED": "ACTIVE", "REMOVED": "DELETED"}

_BUDGET = re.compile(r"customers/[0-9]{10}/campaignBudgets/[0-9]{1,25}", re.ASCII)

Row = Mapping[str, object]


def read_account(body: bytes) -> AdAccount:
    """Read the one row of ``customer``. Raises AnswerError."""
    rows = list(_rows(body))
    if len(rows) != 1:
        raise AnswerError("not one customer")
    customer = as_object(rows[0].get("customer"))
    return AdAccount(
        id=read_id(customer.get("id")),
        name=read_name(customer.get("descriptiveName")),
        currency=read_currency(customer.get("currencyCode")),
    )


def read_campaigns(body: bytes, *, account_id: str) -> Sequence[AdCampaign]:
    """Read every campaign of a stream. Raises AnswerError."""
    return [_campaign(row, account_id) for row in _rows(body)]


def read_budget(body: bytes) -> tuple[str, bool]:
    """Read the name of the one campaign's budget, and whether others share it. Raises AnswerError."""
    rows = list(_rows(body))
    budget = as_object(rows[0].get("campaignBudget")) if len(rows) == 1 else {}
    name = as_text(budget.get("resourceName"))
    if not _BUDGET.fullmatch(name):
        raise AnswerError("not one campaign with its budget")
    return name, budget.get("explicitlyShared") is True


def read_results(body: bytes) -> Sequence[AdDay]:
    """Read one row for each campaign and day of a stream. Raises AnswerError."""
    return [_day(row) for row in _rows(body)]


def read_mutated(body: bytes, resource_names: Sequence[str]) -> Sequence[AdPlatformError | None]:
    """Tell for each operation, in the order in which they were sent, why it failed; None where it was done.

    What is neither done nor given a cause is unknown. Raises AnswerError.
    """
    found = read_object(body)
    results = found.get("results")
    if not isinstance(results, list) or len(results) != len(resource_names):
        raise AnswerError("not one result for each operation")
    causes = read_partial(found)
    by_index = {cause.index: cause for cause in reversed(causes)}
    general = by_index.get(None)
    answers: list[AdPlatformError | None] = []
    for index, (result, name) in enumerate(zip(results, resource_names, strict=True)):
        if (cause := by_index.get(index, general)) is not None:
            answers.append(error_of(cause))
        elif as_object(result).get("resourceName") != name:
            answers.append(AdPlatformError(PLATFORM, "unknown", "does not say what became of it"))
        else:
            answers.append(None)
    return answers


def _campaign(row: Row, account_id: str) -> AdCampaign:
    """``status`` decides what runs: ``primaryStatus``, its state in detail, lags behind it."""
    campaign, budget = as_object(row.get("campaign")), as_object(row.get("campaignBudget"))
    status = _in_our_words(campaign.get("status"))
    running = _in_our_words(campaign.get("primaryStatus"))
    return AdCampaign(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(campaign.get("id"))),
        account_id=account_id,
        name=read_name(campaign.get("name")),
        status=status,
        effective_status=status if status in ("PAUSED", "DELETED") else running,
        daily_budget_micros=read_whole(budget.get("amountMicros")),
        currency=read_currency(as_object(row.get("customer")).get("currencyCode")),
    )


def _day(row: Row) -> AdDay:
    """Metrics that are zero may be left out; conversions without any value are not tracked by value."""
    campaign, metrics = as_object(row.get("campaign")), as_object(row.get("metrics"))
    conversions = read_money(metrics.get("conversions", 0))
    revenue = read_money(metrics.get("conversionsValue", 0))
    return AdDay(
        campaign=Campaign(platform=PLATFORM, campaign_id=read_id(campaign.get("id"))),
        name=read_name(campaign.get("name")),
        day=read_day(as_object(row.get("segments")).get("date")),
        spend_micros=read_whole(metrics.get("costMicros")) or 0,
        revenue_micros=None if conversions and not revenue else revenue,
        currency=read_currency(as_object(row.get("customer")).get("currencyCode")),
        clicks=read_whole(metrics.get("clicks", 0)),
        impressions=read_whole(metrics.get("impressions", 0)),
        conversions=read_count(metrics.get("conversions", 0)),
    )


def _in_our_words(value: object) -> str:
    return _STATUS.get(as_text(value), read_word(value))


def _rows(body: bytes) -> Iterator[Row]:
    """Every row of every chunk: the stream is an array of chunks. Raises AnswerError."""
    try:
        chunks = json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerError("not complete JSON") from None
    if not isinstance(chunks, list):
        raise AnswerError("JSON, but no stream of chunks")
    for chunk in chunks:
        rows = chunk.get("results", []) if isinstance(chunk, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AnswerError("a chunk without its results")
        yield from rows

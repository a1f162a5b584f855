"""Answers of Graph into campaigns. Pure; nothing in them is taken for granted."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from leadboost.domain.campaign import AdCampaign, Campaign
from leadboost.domain.currency import CURRENCIES
from leadboost.domain.money import MAX_MICROS, MICROS_PER_UNIT
from leadboost.domain.plain_text import clean_line

PLATFORM = "meta_ads"
NAME_CHARS = 200

# Offset 1 in the table of currencies of the Marketing API; all others count hundredths.
_WHOLE_UNITS = frozenset({"CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"})
_ID = re.compile(r"[0-9]{1,25}", re.ASCII)
_STATUS = re.compile(r"[A-Z_]{1,40}", re.ASCII)
_CURSOR = re.compile(r"[!-~]{1,1000}", re.ASCII)


class AnswerError(Exception):
    """The answer is not what Graph's contract says; the text tells what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPage:
    """One page of a list. ``after`` asks for the next one; None on the last."""

    campaigns: Sequence[AdCampaign]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdAccount:
    """The ad account as it calls itself; ``currency`` is None when it names none in use."""

    id: str
    name: str
    currency: str | None


def is_id(text: str) -> bool:
    """Whether ``text`` can be an object's id: digits only, so that it is safe in a path."""
    return _ID.fullmatch(text) is not None


def read_account(body: bytes) -> AdAccount:
    """Read ``{account_id, name, currency}``. Raises AnswerError."""
    found = _object(body)
    return AdAccount(
        id=_id(found.get("account_id")),
        name=_name(found.get("name")),
        currency=_currency(found.get("currency")),
    )


def read_campaign(body: bytes, *, account_id: str, currency: str | None) -> AdCampaign:
    """Read one campaign. Raises AnswerError."""
    return _campaign(_object(body), account_id, currency)


def read_page(body: bytes, *, account_id: str, currency: str | None) -> CampaignPage:
    """Read one page; archived and deleted campaigns are left out. Raises AnswerError."""
    found = _object(body)
    rows = found.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerError("the list holds no data")
    campaigns = [_campaign(cast(Mapping[str, object], row), account_id, currency) for row in rows]
    kept = [each for each in campaigns if each.status not in ("ARCHIVED", "DELETED")]
    return CampaignPage(campaigns=kept, after=_after(found.get("paging")))


def check_accepted(body: bytes) -> None:
    """Raise AnswerError unless the answer to a write is ``{"success": true}``."""
    if _object(body).get("success") is not True:
        raise AnswerError("the write was not answered with success")


def to_micros(minor: object, currency: str | None) -> int | None:
    """Turn a budget in minor units, text such as ``"5000"``, into micros; None when that cannot be told."""
    if currency is None or not isinstance(minor, str | int) or isinstance(minor, bool):
        return None
    text = str(minor)
    if len(text) > 19 or not (text.isascii() and text.isdigit()):
        return None
    micros = int(text) * (MICROS_PER_UNIT if currency in _WHOLE_UNITS else MICROS_PER_UNIT // 100)
    return micros if micros <= MAX_MICROS else None


def _campaign(row: Mapping[str, object], account_id: str, currency: str | None) -> AdCampaign:
    """A campaign whose status is missing or strange is UNKNOWN: a halt must still see it."""
    owner = row.get("account_id")
    return AdCampaign(
        campaign=Campaign(platform=PLATFORM, campaign_id=_id(row.get("id"))),
        account_id=account_id if owner is None else _id(owner),
        name=_name(row.get("name")),
        status=_status(row.get("status")),
        effective_status=_status(row.get("effective_status")),
        daily_budget_micros=to_micros(row.get("daily_budget"), currency),
        currency=currency,
    )


def _object(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AnswerError("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise AnswerError("the answer is not an object")
    return found


def _id(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise AnswerError("an id is not text of digits")
    return value


def _name(value: object) -> str:
    return clean_line(value)[:NAME_CHARS] if isinstance(value, str) else ""


def _status(value: object) -> str:
    return value if isinstance(value, str) and _STATUS.fullmatch(value) else "UNKNOWN"


def _currency(value: object) -> str | None:
    return value if isinstance(value, str) and value in CURRENCIES else None


def _after(paging: object) -> str | None:
    """The cursor of the next page. The URL ``next`` only tells that there is one: it holds the token."""
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise AnswerError("the list goes on, but names no cursor")
    return after

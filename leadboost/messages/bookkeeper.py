"""What Bookkeeper, who reads what campaigns spend and earn, can be told, and what it tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from leadboost.domain.campaign import Campaign
from leadboost.domain.linking import Link, LinkProposal
from leadboost.runtime.message import Event, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReading:
    """What the platform said at ``at`` that a campaign had spent so far on ``day`` of its account's time
    zone; micros of ``currency``, None where the platform names none."""

    campaign: Campaign
    day: date
    spend_micros: int
    currency: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRead(Event):
    """An ad account was read: its last days, those that are not over yet among them."""

    readings: Sequence[SpendReading]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResult:
    """What a campaign spent and earned, in micros of the base currency, on ``days`` days with spend."""

    campaign: Campaign
    spend_micros: int
    revenue_micros: int
    days: int
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAction:
    """A row of ``actions``: a campaign let run again, or its budget lowered, and what became of it."""

    campaign: Campaign
    kind: str
    state: str
    error: str | None
    intended_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBook:
    """How far an account's results are read. ``since`` is the first day that is known, None before the first
    reading; ``error`` why the last one failed. ``tells_value`` is False where no conversion has a value, so
    that nothing can be learned from it."""

    platform: str
    account_id: str
    read_at: datetime | None = None
    since: date | None = None
    days: int = 0
    tells_value: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBooks:
    """``results`` since ``since``; links that stand and links proposed; the last actions."""

    since: date
    results: Sequence[CampaignResult]
    links: Sequence[Link]
    proposals: Sequence[LinkProposal]
    actions: Sequence[CampaignAction]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCampaignBooks(Message[CampaignBooks]):
    """What campaigns did in the last ``days`` days of which anything is known, and what they advertise."""

    days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAccountBooks(Message[Sequence[AccountBook]]):
    """How far each account is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideLink(Message[None]):
    """Link a campaign to a product, or refuse the proposal. Raises InputError for a SKU not known."""

    link: Link
    accepted: bool
    by: str

"""Replies as they leave: records that orjson writes and that the OpenAPI document describes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

import orjson
from pydantic import WithJsonSchema

from leadboost.console.problems import Fault
from leadboost.domain.account import Account
from leadboost.domain.campaign import Campaign
from leadboost.domain.halt import HaltState, ItemStatus, Latch
from leadboost.domain.money import format_micros
from leadboost.messages.enterprise import Product
from leadboost.messages.journal import EventsPage
from leadboost.messages.scout import SignalRejection, SourceStatus, StoredSignal
from leadboost.messages.trainer import Effect, Forecast, ModelStatus, ModelVersion
from leadboost.runtime.stats import ActorStats

Amount = Annotated[
    Decimal,
    WithJsonSchema({"type": "number", "description": "Units of `currency`, at most six decimals, exact."}),
]


def encode(reply: object) -> bytes:
    """Write a reply as JSON; amounts are exact numbers, times end in Z."""
    return orjson.dumps(reply, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _amount(micros: int | None) -> Decimal | None:
    return None if micros is None else Decimal(format_micros(micros))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The item at ``index`` of the request and why it was not taken."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """Nothing was written. ``valid`` items passed the checks that need no look at what is stored."""

    valid: int
    skipped: Sequence[Refusal]
    rejected: Sequence[Refusal]
    trace_id: str
    dry_run: bool = True


@dataclass(frozen=True, slots=True)
class SaleReply:
    """A sale of one SKU."""

    sale_id: UUID
    sku: str
    quantity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class LineReply:
    """One line sold."""

    sku: str
    quantity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class OrderReply:
    """A sale of several lines."""

    sale_id: UUID
    lines: Sequence[LineReply]


@dataclass(frozen=True, slots=True)
class ProductReply:
    """A product with its stock."""

    sku: str
    title: str | None
    url: str | None
    price: Amount | None
    unit_cost: Amount | None
    currency: str
    on_hand: int
    reserved: int
    available: int
    floor: int
    campaigns: Sequence[Campaign]

    @classmethod
    def of(cls, product: Product) -> Self:
        return cls(
            sku=product.sku,
            title=product.title,
            url=product.url,
            price=_amount(product.price_micros),
            unit_cost=_amount(product.unit_cost_micros),
            currency=product.currency,
            on_hand=product.on_hand,
            reserved=product.reserved,
            available=product.on_hand - product.reserved,
            floor=product.floor,
            campaigns=product.campaigns,
        )


@dataclass(frozen=True, slots=True)
class ProductChanged(ProductReply):
    """A product as it stands after the change."""

    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class StockPage:
    """Products in SKU order; ``next`` is the ``after`` of the following page, null on the last."""

    items: Sequence[ProductReply]
    next: str | None


@dataclass(frozen=True, slots=True)
class HaltTripped:
    """The halt is recorded and the gate is closed; its campaigns are being paused."""

    id: UUID
    state: HaltState
    trace_id: str


@dataclass(frozen=True, slots=True)
class HaltItemReply:
    """One campaign of a halt; only ``confirmed`` was read back, twice."""

    platform: str
    campaign_id: str
    name: str | None
    status: ItemStatus
    attempts: int
    confirmed_at: datetime | None
    daily_budget: float | None
    currency: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class HaltReply:
    """A halt; ``approvals`` of ``needed`` are there to resume it."""

    id: UUID
    state: HaltState
    reason: str
    scope: str
    tripped_by: str
    tripped_at: datetime
    approvals: int
    needed: int
    items: Sequence[HaltItemReply]


@dataclass(frozen=True, slots=True)
class GateReply:
    """Whether anything that raises spend may leave, and if not, why."""

    open: bool
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class SafetyReply:
    """``halts`` are the open ones; ``details`` describe these and the last few resumed, newest first."""

    state: Latch
    gate: GateReply
    since: datetime | None
    reason: str | None
    halts: Sequence[UUID]
    details: Sequence[HaltReply]


@dataclass(frozen=True, slots=True)
class ResumeReply:
    """``approvals`` of ``needed`` are there."""

    approvals: int
    needed: int
    resumed: bool
    trace_id: str


@dataclass(frozen=True, slots=True)
class CampaignReply:
    """A campaign as its platform told it: ``status`` was set, ``effective_status`` runs."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    status: str
    effective_status: str
    daily_budget: float | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class CampaignsReply:
    """Campaigns of every connected account; ``read_at`` is null until each was read."""

    items: Sequence[CampaignReply]
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Interval:
    """The central ``level`` of what is to be expected."""

    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class ForecastReply:
    """ROI = (revenue - spend) / spend. ``base`` plus all effects equals log(1 + roi)."""

    roi: float
    expected_roi: float
    interval: Interval
    basis: str
    observations: int
    model_version: int
    base: float
    explanation: Sequence[Effect]

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        return cls(
            roi=forecast.roi,
            expected_roi=forecast.expected_roi,
            interval=Interval(forecast.low, forecast.high, forecast.level),
            basis=forecast.basis,
            observations=forecast.observations,
            model_version=forecast.model_version,
            base=forecast.base,
            explanation=forecast.explanation,
        )


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One forecast for each item, in the order asked."""

    items: Sequence[ForecastReply]


@dataclass(frozen=True, slots=True)
class Prequential:
    """Mean absolute error of log((revenue + c) / (spend + c)), each row predicted before it was learned."""

    mae: float | None
    baseline_mae: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of rows inside their interval, null while none was scored."""

    level: float
    coverage: float | None


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The live model. ``drift`` is null: it is not measured yet."""

    version: int
    observations: int
    pending: int
    prequential: Prequential
    interval: Coverage
    drift: float | None
    versions: Sequence[ModelVersion]

    @classmethod
    def of(cls, status: ModelStatus) -> Self:
        return cls(
            version=status.version,
            observations=status.observations,
            pending=status.pending,
            prequential=Prequential(status.mae, status.baseline_mae, status.scored_rows),
            interval=Coverage(status.level, status.coverage),
            drift=None,
            versions=status.versions,
        )


@dataclass(frozen=True, slots=True)
class OutcomesReply:
    """accepted + unchanged + skipped + rejected = what was sent; changed is a part of accepted."""

    accepted: int
    changed: int
    unchanged: int
    skipped: Sequence[Refusal]
    rejected: Sequence[Refusal]
    trace_id: str


@dataclass(frozen=True, slots=True)
class SignalsReply:
    """accepted + duplicates + rejected = what was sent."""

    accepted: int
    duplicates: int
    rejected: Sequence[SignalRejection]
    trace_id: str


@dataclass(frozen=True, slots=True)
class SignalReply:
    """A signal as stored."""

    id: UUID
    source: str
    external_id: str
    text: str
    title: str | None
    url: str | None
    author: str | None
    published_at: datetime | None
    engagement: Mapping[str, float]
    extra: Mapping[str, object]
    state: str
    reason: str | None
    heard_at: datetime

    @classmethod
    def of(cls, stored: StoredSignal) -> Self:
        signal = stored.signal
        return cls(
            id=stored.id,
            source=signal.source,
            external_id=signal.external_id,
            text=signal.text,
            title=signal.title,
            url=signal.url,
            author=signal.author,
            published_at=signal.published_at,
            engagement=signal.engagement,
            extra=signal.extra,
            state=stored.state,
            reason=stored.reason,
            heard_at=stored.heard_at,
        )


@dataclass(frozen=True, slots=True)
class SignalsPage:
    """Signals, newest first; ``next`` is the ``before`` of the following page, null on the last."""

    items: Sequence[SignalReply]
    next: int | None


@dataclass(frozen=True, slots=True)
class SourcesReply:
    """Every configured source."""

    items: Sequence[SourceStatus]


@dataclass(frozen=True, slots=True)
class EventReply:
    """A journalled event; ``offset`` has no gaps within one epoch."""

    offset: int
    kind: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventsReply:
    """Events after ``since``, whole; or ``recovered`` false: some are gone, reload instead."""

    epoch: str
    offset: int
    recovered: bool
    events: Sequence[EventReply]

    @classmethod
    def of(cls, page: EventsPage) -> Self:
        events = [EventReply(event.offset, event.kind, event.at, event.data) for event in page.events]
        return cls(page.epoch, page.offset, page.recovered, events)


@dataclass(frozen=True, slots=True)
class ActorsReply:
    """Every actor now; ``depth`` counts queued messages per lane."""

    items: Sequence[ActorStats]


@dataclass(frozen=True, slots=True)
class SessionReply:
    """Who calls; ``expires_at`` is when the login ends at the latest, null for a bearer token."""

    name: str
    role: str
    demo: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The login is over; ``trace_id`` names this request."""

    trace_id: str


@dataclass(frozen=True, slots=True)
class AccountReply:
    """An account."""

    name: str
    role: str
    created_at: datetime
    last_login_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(account.name, str(account.role), account.created_at, account.last_login_at)


@dataclass(frozen=True, slots=True)
class AccountCreated(AccountReply):
    """A new account."""

    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class AccountsReply:
    """Every account, in order of creation."""

    items: Sequence[AccountReply]


@dataclass(frozen=True, slots=True)
class TokenReply:
    """An access token, RFC 6749 section 5.1; ``expires_in`` seconds."""

    access_token: str
    token_type: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An error, RFC 9457; ``code`` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProblemReply(Refused):
    """An error, RFC 9457; ``code`` is stable, ``errors`` name the fields at fault."""

    trace_id: str
    errors: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class UnknownSku(Refused):
    """Nothing was sold; kept under the key and repeated byte for byte, therefore without a trace id."""

    sku: str


@dataclass(frozen=True, slots=True)
class ShortStock(Refused):
    """Nothing was sold, ``available`` is what there was; kept under the key and repeated byte for byte."""

    sku: str
    available: int


@dataclass(frozen=True, slots=True)
class KeyConflict(Refused):
    """The key belongs to another order."""

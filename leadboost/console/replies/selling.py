"""Replies on stock and sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from leadboost.console.replies.form import Amount
from leadboost.domain.campaign import Campaign
from leadboost.domain.money import format_micros
from leadboost.domain.stock import runway_days
from leadboost.domain.what_if import LEVEL, Outlook, Range
from leadboost.messages.enterprise import Product, StockAccount, StockMove


def _amount(micros: int | None) -> Decimal | None:
    return None if micros is None else Decimal(format_micros(micros))


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
class ReservationReply:
    """Units kept until ``expires_at``."""

    reservation_id: UUID
    sku: str
    quantity: int
    remaining: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmedReply:
    """A reservation that was sold."""

    sale_id: UUID
    reservation_id: UUID
    sku: str
    quantity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class ReleasedReply:
    """A reservation given up."""

    reservation_id: UUID
    sku: str
    quantity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class ReturnReply:
    """What came back of a sale."""

    sale_id: UUID
    lines: Sequence[LineReply]


@dataclass(frozen=True, slots=True)
class HookReply:
    """What became of a shop's message: ``recorded``, ``cancelled`` or ``ignored``."""

    outcome: str
    sale_id: UUID | None


@dataclass(frozen=True, slots=True)
class MoveReply:
    """A row of the ledger: ``quantity`` more or fewer on hand, ``remaining`` available afterwards."""

    id: UUID
    at: datetime
    kind: str
    quantity: int
    remaining: int
    by: str
    reason: str | None
    trace: UUID | None
    sale_id: UUID | None
    unit_price: Amount | None
    unit_cost: Amount | None
    currency: str | None

    @classmethod
    def of(cls, move: StockMove) -> Self:
        return cls(
            id=move.id,
            at=move.at,
            kind=move.kind,
            quantity=move.quantity,
            remaining=move.remaining,
            by=move.by,
            reason=move.reason,
            trace=move.trace,
            sale_id=move.sale_id,
            unit_price=_amount(move.unit_price_micros),
            unit_cost=_amount(move.unit_cost_micros),
            currency=move.currency,
        )


@dataclass(frozen=True, slots=True)
class HeldReply:
    """Units that someone keeps."""

    id: UUID
    quantity: int
    by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerReply:
    """A SKU's ledger, newest first. ``balance``, the sum of all its rows, is what is on hand."""

    sku: str
    on_hand: int
    balance: int
    items: Sequence[MoveReply]
    reservations: Sequence[HeldReply]

    @classmethod
    def of(cls, account: StockAccount) -> Self:
        return cls(
            sku=account.sku,
            on_hand=account.on_hand,
            balance=account.balance,
            items=[MoveReply.of(move) for move in account.moves],
            reservations=[
                HeldReply(each.id, each.quantity, each.by, each.created_at, each.expires_at)
                for each in account.reservations
            ],
        )


@dataclass(frozen=True, slots=True)
class ProductReply:
    """A product with its stock; ``runway_days`` at its recent pace, null where that is unknown or 0."""

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
    sold_per_day: float | None
    runway_days: float | None

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
            sold_per_day=None if product.pace is None else product.pace.per_day,
            runway_days=runway_days(product.on_hand - product.reserved, product.pace),
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
class AmountRange:
    """Money: the median, and an interval of ``level``."""

    median: Amount
    low: Amount
    high: Amount

    @classmethod
    def of(cls, figure: Range) -> Self:
        cuts = (figure.median, figure.low, figure.high)
        return cls(*(Decimal(format_micros(round(cut or 0.0))) for cut in cuts))


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from now; null lies beyond the horizon."""

    median: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, figure: Range) -> Self:
        return cls(figure.median, figure.low, figure.high)


@dataclass(frozen=True, slots=True)
class StockOutReply:
    """A product that may run out: when, and in what share of the simulated futures."""

    sku: str
    stock_out_day: DayRange
    probability: float


@dataclass(frozen=True, slots=True)
class SimulateReply:
    """What would come. ``cash`` is revenue less the spend; ``modelled`` products have price and pace."""

    currency: str
    level: float
    revenue: AmountRange
    cash: AmountRange
    ad_revenue: AmountRange
    stock_out_day: DayRange
    products: Sequence[StockOutReply]
    modelled: int

    @classmethod
    def of(cls, outlook: Outlook, *, currency: str) -> Self:
        return cls(
            currency=currency,
            level=LEVEL,
            revenue=AmountRange.of(outlook.revenue),
            cash=AmountRange.of(outlook.cash),
            ad_revenue=AmountRange.of(outlook.ad_revenue),
            stock_out_day=DayRange.of(outlook.stock_out_day),
            products=[
                StockOutReply(each.sku, DayRange.of(each.stock_out_day), each.probability)
                for each in outlook.products
            ],
            modelled=outlook.modelled,
        )

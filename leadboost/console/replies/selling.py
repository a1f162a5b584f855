"""Replies on stock and sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self
from uuid import UUID

from leadboost.console.replies.form import Amount
from leadboost.domain.campaign import Campaign
from leadboost.domain.money import format_micros
from leadboost.messages.enterprise import Product


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

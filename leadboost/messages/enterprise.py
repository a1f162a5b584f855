"""What Enterprise, the keeper of stock and sales, can be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import Line
from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer exactly as it is stored and repeated: HTTP status and JSON bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SellStock(Message[Answer]):
    """Sell an order once per (principal, key). ``request_hash`` is the SHA-256 of the canonical order.

    Raises OutcomeUnknownError when the commit's fate is not known, StoreUnavailableError when
    nothing was written, StoreDataError when the database refuses a value of this request.
    """

    principal: str
    key: str
    request_hash: bytes
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product with its stock. Money in micros of ``currency``, None where nobody said."""

    sku: str
    title: str | None
    url: str | None
    price_micros: int | None
    unit_cost_micros: int | None
    currency: str
    on_hand: int
    reserved: int
    floor: int
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutStock(Message[Product]):
    """Set what is given of a product and its stock; None leaves a field as it is."""

    sku: str
    by: str
    on_hand: int | None = None
    floor: int | None = None
    title: str | None = None
    url: str | None = None
    price_micros: int | None = None
    unit_cost_micros: int | None = None
    campaigns: tuple[Campaign, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStock(Message[Sequence[Product]]):
    """All products in SKU order, from ``after`` (exclusive), at most ``limit``."""

    after: str = ""
    limit: int = 1000

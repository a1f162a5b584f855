"""What Enterprise, the keeper of stock and sales, can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from leadboost.domain.campaign import Campaign
from leadboost.domain.stock import Line, Pace
from leadboost.runtime.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer exactly as it is stored and repeated: HTTP status and JSON bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed(Message[Answer]):
    """A change of stock that happens once per (principal, key).

    ``request_hash`` is the SHA-256 of the canonical request, ``trace`` the request that caused it.
    Raises OutcomeUnknownError when the commit's fate is not known, StoreUnavailableError when
    nothing was written, StoreDataError when the database refuses a value of this request.
    """

    principal: str
    key: str
    request_hash: bytes
    trace: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SellStock(Keyed):
    """Sell an order, all its lines or none."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStock(Keyed):
    """Keep units for ``ttl_s`` seconds."""

    line: Line
    ttl_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmReservation(Keyed):
    """Sell what a reservation keeps."""

    reservation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReservation(Keyed):
    """Give up a reservation before it runs out."""

    reservation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSale(Keyed):
    """Take ``lines`` of a sale back on hand, all that did not come back yet for None."""

    sale_id: UUID
    lines: tuple[Line, ...] | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestockStock(Keyed):
    """Add units that arrived, bought at ``unit_cost_micros`` each (micros of the base currency) if known."""

    line: Line
    reason: str | None
    unit_cost_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideLine:
    """Units of a SKU sold elsewhere, at ``unit_price_micros`` each if that is known."""

    sku: str
    quantity: int
    unit_price_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSale(Keyed):
    """Record an order that the shop ``principal`` sold by itself, under the id that it has here for ever.

    ``lines`` name each SKU at most once; money in ``currency``. It is never refused: what was not there
    is told as ``stock.oversold_externally``.
    """

    sale_id: UUID
    lines: tuple[OutsideLine, ...]
    currency: str


StockChange: TypeAlias = (
    SellStock
    | ReserveStock
    | ConfirmReservation
    | ReleaseReservation
    | ReturnSale
    | RestockStock
    | RecordSale
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product with its stock. Money in micros of ``currency``, None where nobody said.
    ``pace`` is how fast it has sold lately, None where that is not known."""

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
    pace: Pace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutStock(Message[Product]):
    """Set what is given of a product and its stock; None leaves a field as it is.

    ``on_hand`` is a count; ``reason`` and ``trace`` go into the ledger with it.
    """

    sku: str
    by: str
    trace: UUID | None = None
    reason: str | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireReservations(Message[int]):
    """Free what reservations kept that have run out, at most ``limit`` of them; the reply is how many."""

    limit: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMove:
    """One row of a SKU's ledger: ``quantity`` units more (or fewer) on hand, ``remaining`` available after.

    ``kind`` is opening, sale, return, restock, count or external. Money in micros of ``currency``.
    """

    id: UUID
    at: datetime
    kind: str
    quantity: int
    remaining: int
    by: str
    reason: str | None
    trace: UUID | None
    sale_id: UUID | None
    unit_price_micros: int | None
    unit_cost_micros: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationHeld:
    """Units of a SKU that someone keeps until ``expires_at``."""

    id: UUID
    sku: str
    quantity: int
    by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAccount:
    """The ledger of one SKU, newest first, and what is kept of it. ``opening`` plus the sum of all
    quantities is what is on hand: ``balance``."""

    sku: str
    on_hand: int
    balance: int
    moves: Sequence[StockMove]
    reservations: Sequence[ReservationHeld]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAccount(Message[StockAccount | None]):
    """The newest ``limit`` rows of a SKU's ledger; None for an unknown SKU."""

    sku: str
    limit: int = 100

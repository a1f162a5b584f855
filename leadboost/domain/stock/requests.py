"""What may be asked of stock, and what was agreed before."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from leadboost.domain.stock.levels import Line

HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Sell all ``lines`` or none; they name each SKU at most once."""

    sale_id: UUID
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep units for someone until ``expires_at`` (aware UTC)."""

    reservation_id: UUID
    line: Line
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Sell what a reservation keeps."""

    reservation_id: UUID
    sale_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Give up a reservation."""

    reservation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Take units of a sale back on hand: ``lines``, or all that were not returned yet for None."""

    sale_id: UUID
    lines: tuple[Line, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restock:
    """Add units to a known SKU."""

    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An order that was made elsewhere: it has happened, whatever is on hand."""

    sale_id: UUID
    lines: tuple[Line, ...]


Request: TypeAlias = Order | Hold | Confirm | Release | Return | Restock | Outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Units kept; ``state`` is held, confirmed, released or expired."""

    id: UUID
    line: Line
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLine:
    """A line sold before at ``place`` of its sale, and how many of its units came back since."""

    place: int
    line: Line
    returned: int
